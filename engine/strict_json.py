"""JSON that people write, read strictly: what two readers could take differently is refused."""

import json
from typing import Any

from engine.problem import Faults, refuse, step

MAX_DIGITS = 400
MAX_DEPTH = 100


class _Repeating(dict[str, Any]):
    """An object in which some names stand more than once."""

    repeated: tuple[str, ...] = ()


def read_json(text: str | bytes) -> Any:
    """The JSON value of `text`. Raises Invalid: not JSON, NaN or Infinity, a repeated name (each by
    its pointer), numbers of over 400 digits, or more than 100 levels."""
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole)
    except RecursionError:
        raise _too_deep("") from None
    except (ValueError, UnicodeDecodeError) as fault:
        place = f" ({fault.lineno}:{fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        raise refuse("json", "", f"Ce n’est pas du JSON valide{place}.", f"This is not valid JSON{place}.") from None
    faults = Faults()
    _check(document, faults)
    faults.raise_if_any()
    return document


def _check(document: Any, faults: Faults) -> None:
    """Every repeated name by its pointer; a loop, so that depth is no danger."""
    waiting: list[tuple[Any, str, int]] = [(document, "", 1)]
    while waiting:
        value, pointer, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(pointer)
        if isinstance(value, _Repeating):
            for name in value.repeated:
                faults.add(
                    "repeated",
                    step(pointer, name),
                    "Ce nom est écrit deux fois dans le même objet.",
                    "This name is written twice in the same object.",
                )
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += [
            (member, step(pointer, name), depth + 1) for name, member in members if isinstance(member, dict | list)
        ]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    if len(kept) == len(pairs):
        return kept
    doubled = _Repeating(kept)
    names = [name for name, _ in pairs]
    doubled.repeated = tuple(name for name in kept if names.count(name) > 1)
    return doubled


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _too_deep(pointer: str) -> Exception:
    # The pointer of what lies a hundred levels down says nothing that its first steps don't.
    at = "/".join(pointer.split("/")[:6])
    return refuse("too_deep", at, f"Pas plus de {MAX_DEPTH} niveaux.", f"No more than {MAX_DEPTH} levels.")
