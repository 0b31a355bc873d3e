"""The tree itself: rooms that can be taken in at a glance, modules and functions that can be read in one go."""

import ast
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("engine", "rules", "orders", "simulation", "web")
MIGRATIONS = "orders/db/migrations/versions"  # each is what it was when it ran, and their number only grows
MODULES, LINES, FUNCTION = 20, 400, 60


def programs():
    """Every program that is in the repository, or would be with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    paths = [Path(each) for each in listed if (ROOT / each).exists()]
    assert len(paths) > 400
    return [path for path in paths if not path.as_posix().startswith(MIGRATIONS)]


def test_no_folder_has_more_modules_than_a_glance_takes_in():
    modules = Counter(path.parent for path in programs() if path.name != "__init__.py")
    assert {str(folder): count for folder, count in modules.items() if count > MODULES} == {}


def test_no_module_is_longer_than_a_reader_stays():
    lengths = {str(path): (ROOT / path).read_text().count("\n") for path in programs()}
    assert {path: length for path, length in lengths.items() if length > LINES} == {}


def test_no_function_is_longer_than_a_screen():
    long = {}
    for path in programs():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION:
                    long[f"{path} {node.name}"] = length
    assert long == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_room_says_what_it_is_for(layer):
    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / layer).rglob("__init__.py")
        if "migrations" not in path.parts and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_everything_is_imported_by_its_full_name():
    short = [
        f"{path}: {name}"
        for path in programs()
        for node in ast.walk(ast.parse((ROOT / path).read_text()))
        for name in _imported(node)
        if name.split(".")[0] in LAYERS
    ]
    assert short == []


def _imported(node):
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []


# Words of a private dialect that the house had; each has its standard term in docs/architecture.md.
NOT_NAMES = {
    *("desk", "matter", "doorkeeper", "couriers", "breather", "premises", "ruling", "successor", "hygiene", "crowd"),
    *("expedite", "express", "lanes", "pulse", "aftermath", "keep_decision", "keep_move", "take_in", "recorder"),
    *("record_for_ever", "work_for_ever", "glancing", "standing", "standings", "flip", "foreseen"),
}
# In the product besides: a name says what the thing is, not that somebody is told.
NOT_IN_THE_PRODUCT = {"told", "say", "tell"}
NOT_CLASSES = {"Act", "Settled", "Reach"}


def names_in(source):
    """What a program itself names: modules apart, its functions, classes and what they are given."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_names_are_the_fields_own_words():
    private = {
        f"{path}: {name}"
        for path in programs()
        for name in (path.stem, *names_in((ROOT / path).read_text()))
        if name.lower().strip("_") in NOT_NAMES | (NOT_IN_THE_PRODUCT if path.parts[0] in LAYERS else set())
        or name.strip("_") in NOT_CLASSES
    }
    assert private == set()
