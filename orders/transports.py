"""How messages leave: by SMTP, or printed to the log where no server is set."""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from orders.outbox import Refused

TIMEOUT = 20  # seconds

log = logging.getLogger("houblon.outbox")


class Printed:
    """Prints each message to the log: what a machine without a mail server does."""

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None:
        log.info("mail %s to %s: %s\n%s", id, recipient, message["subject"], message["text"])


class Smtp:
    """Sends by the server of a URL: `smtp://user:password@host:587?tls=starttls`, or `smtps://`."""

    def __init__(self, url: str, sender: str):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.implicit_tls = parts.scheme == "smtps"
        self.starttls = "tls=starttls" in parts.query
        self.sender = sender

    def send(self, id: str, recipient: str, message: dict[str, str]) -> None:
        """Raises Refused when the server refuses for good (5xx), OSError or SMTPException for now."""
        mail = mail_of(id, self.sender, recipient, message)
        try:
            with self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, said = next(iter(refusal.recipients.values()))
            _raise_if_final(code, said)
            raise
        except smtplib.SMTPResponseException as refusal:
            _raise_if_final(refusal.smtp_code, refusal.smtp_error)
            raise

    def _connect(self) -> smtplib.SMTP:
        if self.implicit_tls:
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port or 25, timeout=TIMEOUT)
        if self.starttls:
            server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password)
        return server


def mail_of(id: str, sender: str, recipient: str, message: dict[str, str]) -> EmailMessage:
    """The mail of a message; its Message-ID is that of the outbox, so that a repeat can be told."""
    mail = EmailMessage()
    domain = parseaddr(sender)[1].partition("@")[2] or "houblon.invalid"
    mail["Message-ID"] = f"<{id}@{domain}>"
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, message["subject"]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message["text"])
    mail.add_alternative(message["html"], subtype="html")
    return mail


def _raise_if_final(code: int, said: bytes | str) -> None:
    if 500 <= code < 600:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise Refused(f"{code} {text}"[:500])
