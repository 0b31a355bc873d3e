"""JSON that people write, read strictly: what two readers could take differently is refused."""

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any

from houblon.engine.core.problem import Faults, refuse, step

MAX_DIGITS = 400
# Of all JSON that comes in. Readers have limits of their own, each another one on each Python: this one comes before.
MAX_DEPTH = 100
# A text (one that never ends goes on to the end: each byte is looked at once), or a mark between texts.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?|[\[\]{},:]', re.DOTALL)
_NO_MARK = bytes(set(range(256)) - set(b'"[]{}'))
_DEEPER = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class _Repeating(dict[str, Any]):
    """An object in which some names stand more than once."""

    repeated: tuple[str, ...] = ()


def read_json(text: str | bytes) -> Any:
    """The JSON value of `text`. Raises Invalid: not JSON, NaN or Infinity, a repeated name (each by
    its pointer), numbers of over 400 digits, or more than 100 levels."""
    try:
        written = text.decode(json.detect_encoding(text)) if isinstance(text, bytes) else text
    except UnicodeDecodeError:
        raise _not_json("") from None
    check_depth(written.encode("utf-8", "surrogatepass"))
    try:
        document = json.loads(written, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole)
    except ValueError as fault:
        raise _not_json(f" ({fault.lineno}:{fault.colno})" if isinstance(fault, json.JSONDecodeError) else "") from None
    faults = Faults()
    _check(document, faults)
    faults.raise_if_any()
    return document


def _not_json(place: str) -> Exception:
    return refuse("json", "", f"Ce n’est pas du JSON valide{place}.", f"This is not valid JSON{place}.")


def check_depth(text: bytes) -> None:
    """Raises Invalid where JSON in UTF-8 is nested deeper than MAX_DEPTH, before anything reads it."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return
    # Without escapes every second piece between quotes stands outside of texts; bytes are fast at all of this.
    marks = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARK)
    brackets = b"".join(marks.split(b'"')[::2])
    if any(depth > MAX_DEPTH for depth in accumulate(map(_DEEPER.__getitem__, brackets))):
        raise _too_deep(text)


def _too_deep(text: bytes) -> Exception:
    # The pointer of what lies a hundred levels down says nothing that its first steps don't.
    at = step("", *_way_down(text)[:5])
    return refuse("too_deep", at, f"Pas plus de {MAX_DEPTH} niveaux.", f"No more than {MAX_DEPTH} levels.")


def _way_down(text: bytes) -> list[str | int]:
    """The members that lead to the first array or object that is too deep."""
    way: list[str | int] = []
    name = ""
    for token in (match.group() for match in _TOKENS.finditer(text)):
        if token.startswith(b'"'):
            name = _name(token)
        elif token == b":" and way:
            way[-1] = name
        elif token == b"," and way and isinstance(way[-1], int):
            way[-1] += 1
        elif token in b"[{":
            if len(way) == MAX_DEPTH:
                break
            way.append(0 if token == b"[" else "")
        elif token in b"]}" and way:
            way.pop()
    return way


def _name(token: bytes) -> str:
    try:
        return str(json.loads(token))
    except ValueError:
        return token.strip(b'"').decode("utf-8", "replace")


def _check(document: Any, faults: Faults) -> None:
    """Every repeated name by its pointer."""
    waiting: list[tuple[Any, str]] = [(document, "")]
    while waiting:
        value, pointer = waiting.pop()
        if isinstance(value, _Repeating):
            for name in value.repeated:
                faults.add(
                    "repeated",
                    step(pointer, name),
                    "Ce nom est écrit deux fois dans le même objet.",
                    "This name is written twice in the same object.",
                )
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting += [(member, step(pointer, name)) for name, member in members if isinstance(member, dict | list)]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    if len(kept) == len(pairs):
        return kept
    doubled = _Repeating(kept)
    counted = Counter(name for name, _ in pairs)
    doubled.repeated = tuple(name for name, count in counted.items() if count > 1)
    return doubled


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)
