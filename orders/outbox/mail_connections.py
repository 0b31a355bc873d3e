"""Connections to the mail server that are kept for the next mail, by whichever thread sends it."""

import contextlib
import smtplib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

IDLE = 10.0  # seconds that one may wait for the next mail: many servers hang up after little more
MAILS = 100  # that one carries, for servers that count


@dataclass
class Line:
    """An open connection, and how many mails it carried."""

    server: smtplib.SMTP
    mails: int = 0
    since: float = 0.0

    def is_alive(self) -> bool:
        """Whether the server still answers."""
        try:
            return self.server.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def close(self) -> None:
        # The mail is taken or not by now; how the server says goodbye changes nothing.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.server.quit()
        self.server.close()


class Kept:
    """`take()` one that still answers, `put()` it back; what nobody takes is closed after a while."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic, idle: float = IDLE):
        self._seconds, self._idle = seconds, idle
        self._gate = threading.Lock()
        self._lines: list[Line] = []
        self._is_watched = False

    def take(self) -> Line | None:
        """The connection that was used last; None where there is none that answers."""
        while True:
            with self._gate:
                if not self._lines:
                    return None
                line = self._lines.pop()
            if self._seconds() - line.since < self._idle and line.is_alive():
                return line
            line.close()

    def put(self, line: Line) -> None:
        """Keep it for the next mail, unless it has carried its share."""
        line.mails, line.since = line.mails + 1, self._seconds()
        if line.mails >= MAILS:
            line.close()
            return
        with self._gate:
            self._lines.append(line)
            if not self._is_watched:
                self._is_watched = True
                self._watch()

    def close_idle(self) -> bool:
        """Close those that waited too long; whether any is left."""
        with self._gate:
            late = [each for each in self._lines if self._seconds() - each.since >= self._idle]
            self._lines = [each for each in self._lines if each not in late]
            self._is_watched = bool(self._lines)
            is_any_left = self._is_watched
        for each in late:
            each.close()
        return is_any_left

    def _watch(self) -> None:
        timer = threading.Timer(self._idle, self._look)
        timer.daemon = True
        timer.start()

    def _look(self) -> None:
        if self.close_idle():
            self._watch()
