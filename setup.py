"""The folders at the top of the repository as one namespace, and what a wheel carries beside the code.

Each folder is a package of `houblon` (`engine/` is `houblon.engine`); `houblon` itself is a namespace package. The
pages' assets and compiled translations are made when a wheel is built.
"""

import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
LAYERS = ("engine", "rules", "orders", "simulation", "web")


def packages_of(layer: str) -> list[str]:
    inside = (path.parent.relative_to(HERE) for path in (HERE / layer).rglob("__init__.py"))
    return [f"houblon.{'.'.join(folder.parts)}" for folder in inside if "static" not in folder.parts]


class BuildWithAssets(build_py):
    def run(self):
        if not self.editable_mode:  # a checkout fetches its own: `python web/assets.py`
            subprocess.run([sys.executable, "web/assets.py"], check=True)
            self.data_files = self._get_data_files()
        super().run()


setup(
    packages=["houblon", *sorted(name for layer in LAYERS for name in packages_of(layer))],
    package_dir={f"houblon.{layer}": layer for layer in LAYERS},
    cmdclass={"build_py": BuildWithAssets},
)
