"""How mail leaves: by SMTP, or to files where no server is set."""

import logging
import os
import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from houblon.engine.core.mail_address import read_address
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import Refused, Unreachable
from houblon.orders.outbox.mail_connections import Kept, Line
from houblon.orders.services import Seller

TIMEOUT = 20  # seconds
NOBODY = "houblon@localhost"

log = logging.getLogger("houblon.outbox")


class Sender(NamedTuple):
    """Whom mail is from, as its From says it, and where answers go if elsewhere."""

    address: str
    reply_to: str | None = None


# One for all mail, or whoever it is when a mail leaves: the seller may change while a server runs.
SentBy = str | Callable[[], Sender]


def sender_of(seller: Seller, given: str | None) -> Sender:
    """Whom mail is from: the address that was given, else the seller's; in the seller's name, and answers go there.

    An address that no header takes is as good as none.
    """
    own = (read_address(seller.email) if seller.email else None) or ""
    name, address = parseaddr(given or own or NOBODY)
    try:
        shown = str(Address(name or seller.name, addr_spec=address))
        Address("", addr_spec=own or NOBODY)
    except (ValueError, IndexError):
        return Sender(given or NOBODY)
    return Sender(shown, own if own and own != address else None)


class Filed:
    """Writes each mail to a file of a folder, for its owner alone: what a machine without a mail server does."""

    def __init__(self, folder: Path, sender: SentBy, now: Callable[[], datetime]):
        self.folder, self.sender, self.now = folder, sender, now

    def send(self, id: str, recipient: str, message: Mapping[str, Any]) -> str:
        """The file's name, as the answer. Raises Refused when no mail can be made of the message, OSError."""
        mail = _made(id, self.sender, recipient, message, self.now())
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{id}.eml"
        # A mail may open somebody's account: nobody else reads it, not even for a moment.
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(mail.as_bytes())
        log.info("mail %s is in a file: no mail server is set", id)
        return path.name


class Smtp:
    """Sends by the server of a URL: `smtp://user:password@host:587?tls=starttls`, or `smtps://`.

    Any thread may send. Connections are kept for what comes next, each for a while and for so many mails.
    """

    def __init__(self, url: str, sender: SentBy, now: Callable[[], datetime], timeout: float = TIMEOUT):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.implicit_tls = parts.scheme == "smtps"
        self.starttls = "tls=starttls" in parts.query
        self.sender, self.timeout, self.now = sender, timeout, now
        self._kept = Kept()

    def send(self, id: str, recipient: str, message: Mapping[str, Any]) -> None:
        """Raises Refused when the server won't ever take this mail (5xx), Unreachable when it takes
        none now, OSError or SMTPException when only this one failed."""
        mail = _made(id, self.sender, recipient, message, self.now())
        line = self._kept.take() or Line(self._connect())
        try:
            line.server.send_message(mail, to_addrs=[recipient])
        except smtplib.SMTPNotSupportedError as fault:
            line.close()
            raise Refused(str(fault)) from fault
        except smtplib.SMTPRecipientsRefused as refusal:
            self._kept.put(line)
            _raise_if_final(*next(iter(refusal.recipients.values())))
            raise
        except smtplib.SMTPDataError as refusal:
            self._kept.put(line)
            _raise_if_final(refusal.smtp_code, refusal.smtp_error)
            raise
        except BaseException:
            line.close()
            raise
        self._kept.put(line)

    def _connect(self) -> smtplib.SMTP:
        """A server that takes mail from us. A wrong password is for the installation to mend: no mail is lost."""
        try:
            server = self._open()
        except (OSError, smtplib.SMTPException) as fault:
            raise Unreachable(f"{self.host}: {fault}"[:500]) from fault
        try:
            if self.starttls:
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
        except (OSError, smtplib.SMTPException) as fault:
            server.close()
            raise Unreachable(f"{self.host}: {fault}"[:500]) from fault
        return server

    def _open(self) -> smtplib.SMTP:
        if self.implicit_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port or 465, timeout=self.timeout, context=context)
        return smtplib.SMTP(self.host, self.port or 25, timeout=self.timeout)


def _made(id: str, sender: SentBy, recipient: str, message: Mapping[str, Any], at: datetime) -> EmailMessage:
    try:
        return mail_of(id, sender if isinstance(sender, str) else sender(), recipient, message, at)
    except (ValueError, IndexError) as fault:
        raise Refused(f"no mail can be made of this: {fault}"[:500]) from fault


def mail_of(id: str, sender: str | Sender, recipient: str, message: Mapping[str, Any], at: datetime) -> EmailMessage:
    """The mail of a message; its Message-ID is that of the outbox, so that a repeat can be told."""
    mail, words = EmailMessage(), rendered(message)
    if isinstance(sender, str):
        sender = Sender(sender)
    domain = parseaddr(sender.address)[1].partition("@")[2] or "houblon.invalid"
    mail["Message-ID"] = f"<{id}@{domain}>"
    mail["From"], mail["To"], mail["Subject"] = sender.address, recipient, words["subject"]
    if sender.reply_to:
        mail["Reply-To"] = sender.reply_to
    mail["Date"] = at
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words["text"])
    mail.add_alternative(words["html"], subtype="html")
    return mail


def _raise_if_final(code: int, said: bytes | str) -> None:
    if 500 <= code < 600:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise Refused(f"{code} {text}"[:500])
