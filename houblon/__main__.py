"""`houblon`, and `python -m houblon`: the shell's command."""

import gc

gc.disable()  # nothing that is being loaded is garbage: looking for some was a tenth of a command's start

from houblon.web.cli.main import run  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    run()
