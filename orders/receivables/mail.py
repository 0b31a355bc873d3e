"""The letter that brings a retailer the statement of their account."""

from datetime import date, datetime
from secrets import token_hex
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.orders.db.tables import orders, outbox
from houblon.orders.events.message_ids import message_id
from houblon.orders.invoicing.languages import languages_to
from houblon.orders.mail.content import EmailContent, in_languages, signed, subject_line
from houblon.orders.mail.enqueue import mail_row
from houblon.orders.receivables.links import Opened, statement_link
from houblon.orders.receivables.sheet import age_texts, closing_label, dispute_texts, entry_text
from houblon.orders.receivables.statement import Statement
from houblon.orders.services import Seller, Services

EVENT = "retailer.statement"
_SHOWN = 60  # entries


def letter(
    services: Services, statement: Statement, retailer: Any, languages: tuple[str, ...], at: datetime
) -> EmailContent:
    """What the letter says: every entry with what was owed after it, then what is owed by its age, and the link to the
    same as a page and a PDF."""
    opened = Opened(statement.retailer, statement.since, statement.until, at)
    link, seller = statement_link(services, opened), services.seller
    return in_languages(languages, lambda language: _letter_in(statement, retailer, seller, link, language))


def _letter_in(statement: Statement, retailer: Any, seller: Seller, link: str, language: str) -> EmailContent:
    days = {"since": _day(statement.since, language), "until": _day(statement.until, language)}
    entries = statement.entries[-_SHOWN:]
    opening = statement.opening if entries == statement.entries else entries[0].balance - entries[0].entry.amount
    facts = [(_OPENING.in_(language), money_text(opening).in_(language))]
    for each in entries:
        name = f"{_day(each.entry.on, language)} · {entry_text(each.entry).in_(language)}"
        amount, balance = (money_text(cents).in_(language) for cents in (each.entry.amount, each.balance))
        facts.append((name, _ENTRY.in_(language).format(amount=amount, balance=balance)))
    facts.append((closing_label(statement).in_(language), money_text(abs(statement.closing)).in_(language)))
    facts += [(text.in_(language), money_text(amount).in_(language)) for text, amount in age_texts(statement)]
    lines = [_HELLO.in_(language).format(name=retailer.name or retailer.id), _HERE.in_(language).format(**days)]
    lines += [text.in_(language) for text in dispute_texts(statement)]
    if len(entries) < len(statement.entries):
        lines.append(_LAST_ONES.in_(language).format(count=_SHOWN))
    subject = _SUBJECT.in_(language).format(seller=seller.name, **days)
    content = EmailContent(subject_line(subject), tuple(lines), language, signed(seller), tuple(facts))
    return msgspec.structs.replace(content, link=link, label=_LABEL.in_(language))


def letter_document(
    services: Services, statement: Statement, retailer: Any, languages: tuple[str, ...], at: datetime
) -> dict[str, Any]:
    """The letter as the outbox keeps it, for a person to read before it leaves."""
    document: dict[str, Any] = msgspec.to_builtins(letter(services, statement, retailer, languages, at))
    return document


def queue(connection: Connection, services: Services, statement: Statement, retailer: Any, at: datetime) -> str | None:
    """Put the letter in the outbox; the address that it goes to. Without a usable one it waits where people see it."""
    id = message_id(f"{EVENT}/{token_hex(16)}")
    # With what is kept of the retailer's last order, so that it goes when what is kept of them does.
    last = select(func.max(orders.c.key)).where(orders.c.retailer_id == retailer.id)
    key = connection.execute(last).scalar_one()
    content = letter(services, statement, retailer, languages_to(connection, services, retailer), at)
    connection.execute(insert(outbox), mail_row(id, EVENT, retailer.email, content, at, order_key=key))
    address: str | None = retailer.email
    return address


def _day(day: date, language: str) -> str:
    return day_text(day).in_(language)


_HELLO = Text("Bonjour {name},", "Hello {name},")
_HERE = Text(
    "Voici le relevé de votre compte, du {since} au {until}.",
    "Here is the statement of your account, from {since} to {until}.",
)
_LABEL = Text("Voir le relevé, et le télécharger en PDF", "View the statement, and download it as a PDF")
_LAST_ONES = Text("Les {count} dernières écritures y sont.", "It has the last {count} entries.")
_SUBJECT = Text("Relevé de compte au {until}, {seller}", "Statement of account as of {until}, {seller}")
_OPENING = Text("Solde d’ouverture", "Opening balance")
_ENTRY = Text("{amount}, solde {balance}", "{amount}, balance {balance}")
