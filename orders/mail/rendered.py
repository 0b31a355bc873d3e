"""What is sent of a letter's words: a text, and the same as HTML."""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.figures import NBSP
from houblon.orders.mail.content import EmailContent, EmailTable
from houblon.orders.mail.html import html_email

# What parts two languages of one letter.
_BETWEEN = "— — —"


def rendered(message: Mapping[str, Any]) -> dict[str, str]:
    """`subject`, `text` and `html` of a message of the outbox: a Letter, or what an earlier Houblon wrote out."""
    if "lines" not in message:
        return {name: message[name] for name in ("subject", "text", "html")}
    content = msgspec.convert(message, EmailContent)
    texts = [_text(each) for each in (content, content.beside) if each is not None]
    text = f"\n\n{_BETWEEN}\n\n".join([*texts[:-1], f"{texts[-1]}\n\n{content.sender[0]}"])
    return {"subject": content.subject, "text": text, "html": html_email(content)}


def _text(content: EmailContent) -> str:
    colon = f"{NBSP}:" if content.language == "fr" else ":"
    facts = "\n".join(f"{name}{colon} {value}" for name, value in content.facts)
    links = [(content.label, content.link)] if content.link else []
    written = [f"{label}{colon}\n{link}" for label, link in (*links, *content.also)]
    table = _table(content.table, colon) if content.table else ""
    return "\n\n".join([*content.lines, *filter(None, (facts, table, *written)), *content.closing])


def _table(table: EmailTable, colon: str) -> str:
    lines = [
        "\n".join([f"{row.title}{colon} {row.amount}", *(f"  {each}" for each in (*row.notes, row.link) if each)])
        for row in table.rows
    ]
    name, amount = table.total
    return "\n\n".join([*lines, f"{name}{colon} {amount}"])
