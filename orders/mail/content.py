"""A letter: its words, as the outbox keeps them. What is sent is written of them: `rendered.py`."""

from collections.abc import Callable

import msgspec

from houblon.orders.services import Seller

Facts = tuple[tuple[str, str], ...]


class TableRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a table: what it is about, which may lead somewhere, words under it, and an amount."""

    title: str
    amount: str
    notes: tuple[str, ...] = ()
    link: str | None = None


class EmailTable(msgspec.Struct, frozen=True):
    """Lines under two headings, and what they come to."""

    headings: tuple[str, str]
    rows: tuple[TableRow, ...]
    total: tuple[str, str]


class EmailContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a letter says: a subject of one line, paragraphs, facts with their names, a link under its label; `also` are
    further links, each label first.

    `sender` is who writes: a name, then the lines under it. After the `table` come the `closing` lines. All of it
    is text, whatever people wrote. `beside` says the same in a second language, after it; the subject is in both.
    """

    subject: str
    lines: tuple[str, ...]
    language: str
    sender: tuple[str, ...]
    facts: Facts = ()
    link: str | None = None
    label: str = ""
    table: EmailTable | None = None
    closing: tuple[str, ...] = ()
    also: Facts = ()
    beside: "EmailContent | None" = None


def subject_line(text: str) -> str:
    """A subject is one line, whatever a name holds."""
    return " ".join(text.split())[:200]


def signed(seller: Seller) -> tuple[str, ...]:
    """Who writes, as a letter's `sender` says it."""
    return tuple(each for each in (seller.name, seller.address, seller.email) if each)


def in_languages(languages: tuple[str, ...], write: Callable[[str], EmailContent]) -> EmailContent:
    """A letter as it is written in each of the languages, the first one first."""
    first, *others = (write(language) for language in languages)
    if not others:
        return first
    subject = first.subject if first.subject == others[0].subject else f"{first.subject} / {others[0].subject}"
    return msgspec.structs.replace(first, subject=subject, beside=others[0])
