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
from werkzeug.exceptions import HTTPException, MethodNotAllowed, Unauthorized
from werkzeug.http import parse_accept_header

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.orders.events.reading import Gone
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
    410: Text("Ce n’est plus là.", "It is not there any more."),
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


# What a problem is called where it is no conflict, which have codes of their own.
CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    410: "gone",
    412: "changed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    428: "precondition_required",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
# Where each is told, as a page of the API's documents tells it.
PROBLEMS = "/api/docs/problems"
_BEARER, _SIGNED = 'Bearer realm="Houblon"', 'Signature realm="Houblon"'


class ConflictKind(msgspec.Struct, frozen=True):
    """What contradicts what, the status that says so, and the codes of the problems of that kind.

    Every kind has one status, whichever door and whichever thing it is about.
    """

    status: int
    what: Text
    codes: tuple[str, ...]


CONFLICTS = (
    ConflictKind(
        412,
        Text(
            "Ce qui a été lu n’est plus ainsi : relisez, puis recommencez.",
            "What was read is not so any more: read it again, then retry.",
        ),
        (
            "changed",
            "order_changed",
            "invoice_changed",
            "delivery_changed",
            "link_replaced",
            "version_changed",
            "plan_changed",
        ),
    ),
    ConflictKind(
        409,
        Text(
            "Ce dont il s’agit est rendu ailleurs : cela ne se fait pas, ou plus, dans cet état.",
            "What it is about stands so that this can’t be done, or not any more.",
        ),
        (
            *("conflict", "state", "agreed", "asked", "over", "not_done"),
            *(
                "already_settled",
                "already_invoiced",
                "already_available",
                "already_paid",
                "already_credited",
                "only_whole",
            ),
            *("already_undone", "credit_applied", "nothing_over", "other_retailer", "no_change", "order_paid"),
            *("order_credited", "already_stopped", "not_stopped", "already_disputed", "not_disputed"),
            *("already_sent", "already_reversed", "not_accepted", "not_to_deliver", "not_parked", "invoice_settled"),
            *("unavailable", "unknown_province", "last_line", "credit_note", "reversal", "by_policy", "followed"),
            *("nothing_delivered", "nothing_to_pay", "joined", "paused", "begun", "called_off"),
        ),
    ),
    ConflictKind(
        409,
        Text("Quelqu’un d’autre doit d’abord approuver.", "Somebody else has to approve first."),
        ("approval_required", "own_proposal", "not_approved"),
    ),
    ConflictKind(
        409,
        Text(
            "Cet identifiant d’appel est déjà venu avec un autre corps.",
            "This call’s id came before with another body.",
        ),
        ("webhook_id_reused",),
    ),
    ConflictKind(
        409, Text("La même demande est encore en cours.", "The same request is still under way."), ("under_way",)
    ),
    ConflictKind(
        422,
        Text(
            "La clé d’idempotence est déjà venue avec une autre demande.",
            "The idempotency key came before with another request.",
        ),
        ("idempotency_key_reused",),
    ),
)
_CONFLICT_STATUSES = {code: kind.status for kind in CONFLICTS for code in kind.codes}
Headers = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """What goes out, but for the headers that every answer carries."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Headers = ()


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


def problem_answer(
    status: int,
    language: str,
    problems: Iterable[Problem] = (),
    detail: str | None = None,
    headers: Headers = (),
) -> Answer:
    """An `application/problem+json` answer (RFC 9457) with every problem, and what its status asks of headers."""
    problems = tuple(problems)
    code = _code(status, problems)
    document: dict[str, Any] = {
        "type": f"{PROBLEMS}#{code}",
        "code": code,
        "title": TITLES.get(status, TITLES[400]).in_(language),
        "status": status,
        "errors": [each.as_json(language) for each in problems],
    }
    if detail is not None:
        document["detail"] = detail
    if status == 503:
        headers = (*headers, ("Retry-After", RETRY_AFTER))
    if status == 401 and not any(name == "WWW-Authenticate" for name, _ in headers):
        headers = (*headers, ("WWW-Authenticate", _BEARER))
    return Answer(status, msgspec.json.encode(document), PROBLEM, headers)


def is_passing(fault: Exception) -> bool:
    """Whether the same request, sent later, may do."""
    return isinstance(fault, _NOT_NOW) or isinstance(fault, OSError) and fault.errno in _SCARCE


def fault_answer(fault: Exception, language: str, request: str) -> Answer:
    """What a machine is told of a fault; `request` as for `status_of`."""
    status, problems = status_of(fault, request)
    if status in (409, 422):
        status = _conflict_status(problems, status)
    return problem_answer(status, language, problems, headers=fault_headers(fault, request))


def fault_headers(fault: Exception, request: str) -> Headers:
    """What HTTP asks that a refusal say: which methods there are (RFC 9110 § 15.5.6), how to prove who calls."""
    match fault:
        case MethodNotAllowed() if fault.valid_methods:
            return (("Allow", ", ".join(sorted(fault.valid_methods))),)
        case Unauthorized():
            return (("WWW-Authenticate", _SIGNED if "/webhooks/" in request else _BEARER),)
    return ()


def _conflict_status(problems: Iterable[Problem], otherwise: int) -> int:
    """The status of problems that are all conflicts of one status; `otherwise` where some are not."""
    found = {_CONFLICT_STATUSES.get(each.code, otherwise) for each in problems}
    return found.pop() if len(found) == 1 else otherwise


def _code(status: int, problems: tuple[Problem, ...]) -> str:
    """A conflict's own code, else the status's."""
    if status in (409, 412) and problems:
        return problems[0].code
    return CODES.get(status, CODES[400])


def status_of(fault: Exception, request: str) -> tuple[int, tuple[Problem, ...]]:
    """What whoever asked is told of a fault; nothing of the inside shows. `request` is its method and route, for the
    log."""
    match fault:
        case Gone():
            return 410, fault.problems
        case Invalid():
            return 422, fault.problems
        case Conflict():
            return 409, (fault.problem,)
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
