"""What a machine is answered, whoever serves it: a status, headers and a body, and every fault as an RFC 9457 problem.

Nothing here knows Flask. Its views and the fast path are both shells around handlers that return an `Answer` or raise.
"""

import errno
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.orders.services import Conflict
from houblon.rules.store.storage import StorageFault

log = logging.getLogger("houblon.web")
JSON, PROBLEM = "application/json", "application/problem+json"
RETRY_AFTER = "10"  # seconds
# The disk or the database refuses, or all its connections are lent: the sender keeps what it has and sends it again.
_NOT_NOW = (OperationalError, InterfaceError, PoolTimeout, StorageFault)
# What the system has no more of for now: files, memory, room on the disk.
_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO}
TITLES = {
    400: Text("La demande ne se lit pas.", "The request can't be read."),
    401: Text("La signature ou la clé manque, ou n’est pas la bonne.", "The signature or key is missing or wrong."),
    403: Text("Cela ne vous est pas permis.", "You may not do this."),
    404: Text("Il n’y a rien à cette adresse.", "There is nothing at this address."),
    405: Text("Cette adresse ne prend pas cette méthode.", "This address does not take this method."),
    408: Text("La demande n’est pas arrivée au complet à temps.", "The request did not arrive whole in time."),
    409: Text("La demande contredit ce qui est déjà fait.", "The request contradicts what is done."),
    412: Text(
        "Quelqu’un l’a changé depuis : relisez, puis recommencez.", "It was changed since: read it again, then retry."
    ),
    413: Text("Le corps est trop grand.", "The body is too large."),
    415: Text("Le corps doit être du JSON.", "The body must be JSON."),
    422: Text("La demande a des défauts.", "The request has faults."),
    428: Text("L’en-tête If-Match manque : dites l’état que vous avez lu.", "If-Match is missing: say what you read."),
    429: Text("Trop de demandes ; attendez un peu.", "Too many requests; wait a little."),
    503: Text(
        "Houblon ne peut rien écrire pour l’instant ; rien n’a été enregistré, envoyez de nouveau.",
        "Houblon can write nothing for now; nothing was recorded, send it again.",
    ),
    500: Text(
        "Une erreur de Houblon ; rien n’a été enregistré à moitié.", "An error of Houblon; nothing was half-written."
    ),
}


class Answer(NamedTuple):
    """What goes out, but for the headers that every answer carries."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


# In the environ of a request that the event loop asks: its `Later`.
LATER = "houblon.later"


class Later:
    """Asked with this, the application waits for nothing. Where it can answer so, it leaves its `answer` here: the body,
    once headers were said by `start_response`. Where there is none, or it is None, a thread asks again."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: Awaitable[bytes | None] | None = None


# The value of a request's header by its name; empty where it has none.
Header = Callable[[str], str]


def header_of(environ: Mapping[str, Any]) -> Header:
    """The headers of a WSGI request."""
    return lambda name: environ.get(_variable(name), "")


def language_asked(header: Header) -> str:
    """The language in which a machine's caller reads sentences: English unless it says French."""
    return _best_language(header("Accept-Language"))


def problem_answer(status: int, language: str, problems: Iterable[Problem] = (), detail: str | None = None) -> Answer:
    """An `application/problem+json` answer (RFC 9457) with every problem."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, TITLES[400]).in_(language),
        "status": status,
        "errors": [each.as_json(language) for each in problems],
    }
    if detail is not None:
        document["detail"] = detail
    headers = (("Retry-After", RETRY_AFTER),) if status == 503 else ()
    return Answer(status, msgspec.json.encode(document), PROBLEM, headers)


def is_passing(fault: Exception) -> bool:
    """Whether the same request, sent later, may do."""
    return isinstance(fault, _NOT_NOW) or isinstance(fault, OSError) and fault.errno in _SCARCE


def fault_answer(fault: Exception, language: str, request: str) -> Answer:
    """What a machine is told of a fault; `request` as for `status_of`."""
    status, problems = status_of(fault, request)
    return problem_answer(status, language, problems)


def status_of(fault: Exception, request: str) -> tuple[int, tuple[Problem, ...]]:
    """What whoever asked is told of a fault; nothing of the inside shows. `request` is its method and route, for the
    log."""
    match fault:
        case Invalid():
            return 422, fault.problems
        case Conflict():
            return 409, (Problem(fault.code, "", Text(fault.fr, fault.en)),)
        case HTTPException():
            # What a fault of ours has to say beyond its status: which role it takes.
            return fault.code or 500, getattr(fault, "problems", ())
    if is_passing(fault):
        log.error("nothing could be written on %s: %s", request, fault)
        return 503, ()
    log.error("unexpected fault on %s", request, exc_info=fault)
    return 500, ()


@lru_cache(maxsize=64)
def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


@lru_cache(maxsize=256)
def _best_language(accepted: str) -> str:
    return parse_accept_header(accepted, LanguageAccept).best_match(["en", "fr"]) or "en"
