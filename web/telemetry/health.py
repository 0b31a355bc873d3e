"""`/healthz`, `/readyz` and `/metrics`, for machines."""

import ipaddress

import structlog
from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Connection

from houblon.engine.core.problem import Problem, problem
from houblon.orders.credentials.credentials import known_key
from houblon.orders.db.causes import cause_of
from houblon.orders.db.ledger import prove
from houblon.orders.db.migrate import is_current
from houblon.web.foundation.answers import RETRY_AFTER
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response, problem_response
from houblon.web.foundation.heartbeat import Heartbeat
from houblon.web.foundation.logs import VERSION
from houblon.web.telemetry.gauges import registry

log = structlog.get_logger("houblon.health")
blueprint = Blueprint("health", __name__)
HEARTBEAT = "houblon.heartbeat"


@blueprint.get("/healthz")
def alive() -> Response:
    return json_response({"status": "ok", "version": VERSION})


@blueprint.get("/readyz")
def ready() -> Response:
    """Whether something can be written and made to last, in the schema of this Houblon, a policy is in force, and the
    outbox's worker lives. What fails is named, and why."""
    faults: list[Problem] = []
    version = None
    try:
        is_ours = house().services.ledger.write(_prove)
    except Exception as fault:
        log.exception("ready.ledger")
        faults.append(_failed("ledger", "Le registre ne s’écrit pas.", "The ledger can't be written.", fault))
    else:
        if not is_ours:
            faults.append(problem("schema", "", *_OTHER_SCHEMA))
    try:
        version = house().services.policies.live(house().now()).version.number
    except Exception as fault:
        log.exception("ready.rules")
        faults.append(_failed("rules", "Aucune politique n’est en vigueur.", "No policy is in force.", fault))
    heartbeat: Heartbeat | None = current_app.extensions.get(HEARTBEAT)
    if heartbeat is not None and not heartbeat.is_alive:
        faults.append(problem("outbox", "", "Les messages ne partent plus.", "Messages do not leave any more."))
    if faults:
        answer = problem_response(503, faults)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
    return json_response({"status": "ok", "version": version})


_OTHER_SCHEMA = (
    "Le schéma du registre n’est pas celui de ce Houblon : un autre l’a mis à jour. Redémarrez avec cette version-là.",
    "The ledger's schema is not this Houblon's: another one brought it up to date. Restart with that version.",
)


def _prove(connection: Connection) -> bool:
    """Write something that lasts; whether the schema is the one that this Houblon works with."""
    prove(connection)
    return is_current(connection)


def _failed(code: str, fr: str, en: str, fault: Exception) -> Problem:
    found = cause_of(fault)
    return problem(code, "", f"{fr} {found.text.fr}" if found else fr, f"{en} {found.text.en}" if found else en)


@blueprint.get("/metrics")
def measures() -> Response:
    """For Prometheus: from this machine itself, or with a key for metrics, or one that may read."""
    if not (_is_local() or _may_read()):
        abort(401)
    return Response(generate_latest(registry(house())), content_type=CONTENT_TYPE_LATEST)


def _is_local() -> bool:
    """Whether the caller is on this machine, and not behind a proxy on it."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    try:
        return not forwarded and ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _may_read() -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    known = known_key(house().services.ledger, key) if scheme.lower() == "bearer" and key else None
    return known is not None and not {"read", "metrics"}.isdisjoint(known.scopes)
