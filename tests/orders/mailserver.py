"""A real SMTP server for tests: keeps what it accepts, and misbehaves on demand."""

import socket
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from aiosmtpd.controller import Controller


class Inbox:
    """`answers` are the replies to the next messages, then "250 taken"; "drop" cuts the line after DATA."""

    def __init__(self):
        self.mails, self.answers, self.refused = [], [], {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("2") or answer == "drop":
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        if answer == "drop":
            server.transport.abort()
        return answer


@contextmanager
def smtp_server(inbox, **options):
    """Serve `inbox` on a free port of this machine, which is what the block gets."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
