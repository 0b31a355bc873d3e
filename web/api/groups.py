"""`/groups`: what groups state, and the policy that a group's buyers have; cycles, scenarios, guardrails."""

from collections.abc import Sequence

from flask import Response

from houblon.engine.core.problem import Faults, step
from houblon.engine.policy.policy import BASE
from houblon.rules.model.content import Group
from houblon.rules.model.inherit import resolve
from houblon.web.api.blueprint import not_found, operation
from houblon.web.foundation.errors import json_response
from houblon.web.presentation.policy_document import policy_document
from houblon.web.retailers.membership_effect import content_in_force


@operation("GET", "/groups", scope="read", room="Groups", answer="Groups")
def list_groups() -> Response:
    """Every group in force, from the highest rank to Tous"""
    content = content_in_force()
    return json_response({"version": content.version.number, "items": [group.document for group in content.ranked()]})


@operation("GET", "/groups/<id>", scope="read", room="Groups", answer="Group", faults=(404,))
def get_group(id: str) -> Response:
    """What one group states itself"""
    return json_response(_group(id).document)


@operation("GET", "/groups/<id>/policy", scope="read", room="Groups", answer="Policy", faults=(404,))
def get_group_policy(id: str) -> Response:
    """The policy in force for a group's buyers, every value with its provenance"""
    _group(id)
    return json_response(policy_document(resolve(content_in_force(), (BASE,) if id == BASE else (id, BASE))))


@operation("GET", "/cycles", scope="read", room="Documents", answer="Cycles")
def list_cycles() -> Response:
    """Every delivery cycle in force"""
    return _documents("cycle")


@operation("GET", "/cycles/<id>", scope="read", room="Documents", answer="Cycle", faults=(404,))
def get_cycle(id: str) -> Response:
    """One delivery cycle"""
    return _document("cycle", id)


@operation("GET", "/scenarios", scope="read", room="Documents", answer="Scenarios")
def list_scenarios() -> Response:
    """Every scenario in force"""
    return _documents("scenario")


@operation("GET", "/scenarios/<id>", scope="read", room="Documents", answer="Scenario", faults=(404,))
def get_scenario(id: str) -> Response:
    """One scenario"""
    return _document("scenario", id)


@operation("GET", "/guardrails", scope="read", room="Documents", answer="Guardrails")
def list_guardrails() -> Response:
    """Every guardrail in force"""
    return _documents("guardrail")


@operation("GET", "/guardrails/<id>", scope="read", room="Documents", answer="Guardrail", faults=(404,))
def get_guardrail(id: str) -> Response:
    """One guardrail"""
    return _document("guardrail", id)


def check_groups(asked: Sequence[str], but: Sequence[str] = ()) -> None:
    """Refuse every group that is not in force, and those of `but`. Raises Invalid."""
    known, faults = content_in_force().groups.keys() - set(but), Faults()
    for place, id in enumerate(asked):
        if id not in known:
            pointer = step("/groups", place)
            faults.add("unknown_group", pointer, "Ce groupe n’est pas en vigueur.", "This group is not in force.")
    faults.raise_if_any()


def _group(id: str) -> Group:
    return content_in_force().groups.get(id) or not_found()


def _documents(kind: str) -> Response:
    content = content_in_force()
    found = content.documents(kind)
    return json_response({"version": content.version.number, "items": [found[id] for id in sorted(found)]})


def _document(kind: str, id: str) -> Response:
    return json_response(content_in_force().document(kind, id) or not_found())
