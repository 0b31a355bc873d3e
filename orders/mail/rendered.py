"""What is sent of a letter's words: a text, and the same as HTML."""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP
from houblon.orders.mail.content import Letter
from houblon.orders.mail.html import html_letter


def written(message: Mapping[str, Any]) -> dict[str, str]:
    """`subject`, `text` and `html` of a message of the outbox: a Letter, or what an earlier Houblon wrote out."""
    if "lines" not in message:
        return {name: message[name] for name in ("subject", "text", "html")}
    letter = msgspec.convert(message, Letter)
    return {"subject": letter.subject, "text": _text(letter), "html": html_letter(letter)}


def _text(letter: Letter) -> str:
    colon = f"{NBSP}:" if letter.language == "fr" else ":"
    told = "\n".join(f"{name}{colon} {value}" for name, value in letter.facts)
    link = f"{letter.label}{colon}\n{letter.link}" if letter.link else ""
    return "\n\n".join([*letter.lines, *filter(None, (told, link)), letter.sender[0]])
