"""Cases from elsewhere, read from beside the project; tests skip where they are absent."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "cases"


def path(name: str) -> Path:
    if not (FOLDER / name).exists():
        pytest.skip(f"{name} is not on this machine: the shared cases folder is absent", allow_module_level=True)
    return FOLDER / name


def load(name: str) -> Any:
    return json.loads(path(name).read_text(encoding="utf-8"), object_hook=_decimal)


def _decimal(document: dict[str, Any]) -> Any:
    """The cases write a Decimal as `{"$decimal": "10.0"}`."""
    return Decimal(document["$decimal"]) if set(document) == {"$decimal"} else document
