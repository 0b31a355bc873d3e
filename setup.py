"""Lets a wheel carry the pages' assets and compiled translations: they are made when it is built."""

import subprocess
import sys

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithAssets(build_py):
    def run(self):
        if not self.editable_mode:  # a checkout fetches its own: `python web/assets.py`
            subprocess.run([sys.executable, "web/assets.py"], check=True)
            self.data_files = self._get_data_files()
        super().run()


setup(cmdclass={"build_py": BuildWithAssets})
