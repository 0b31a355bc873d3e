"""`python -m houblon`: the shell's command."""

from houblon.web.cli.main import run

run()
