"""Garbage is not looked for while the tests are loaded, nor among what was loaded: it stays until the process ends.

Looking through it, again and again, was a third of the processor time of a page's test.
"""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 10)
    gc.enable()
