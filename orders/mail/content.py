"""A letter: its words, as the outbox keeps them. What is sent is written of them: `written.py`."""

import msgspec

Facts = tuple[tuple[str, str], ...]


class EmailContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a letter says: a subject of one line, paragraphs, facts with their names, a link under its label.

    `sender` is who writes: a name, then the lines under it. All of it is text, whatever people wrote.
    """

    subject: str
    lines: tuple[str, ...]
    language: str
    sender: tuple[str, ...]
    facts: Facts = ()
    link: str | None = None
    label: str = ""
