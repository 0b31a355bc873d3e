"""`/proofs` and `/compare`: guardrails, and two policies, asked of every possible order."""

from typing import Any

from flask import Response

from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import ComparisonAsked, ProofsAsked
from houblon.web.drafts.proofs import comparison_asked, comparison_document, proofs_asked, proofs_document
from houblon.web.foundation.current_app import house
from houblon.web.foundation.errors import json_response


@operation("GET", "/proofs", scope="read", room="Documents", answer="Proofs", query=ProofsAsked)
def list_proofs(asked: dict[str, Any]) -> Response:
    """Every guardrail in force, of a version or of a proposal, proved, broken or unknown

    A guardrail that is broken comes with an order that breaks it and the decision that it gets. What was answered of a
    policy that did not change is not proved again.
    """
    content, found = proofs_asked(house(), asked.get("version"), asked.get("proposal"))
    return json_response(proofs_document(content, found))


@operation("GET", "/compare", scope="read", room="Documents", answer="PolicyComparison", query=ComparisonAsked)
def compare_policies(asked: dict[str, Any]) -> Response:
    """What `after` does to every possible order that `before` did not

    Each is the number of a version or the id of a proposal. For each chain of a real buyer and each group alone, whether
    it is equal, stricter, looser or mixed, and the regions in which they differ, each with an order.
    """
    return json_response(comparison_document(comparison_asked(house(), asked["before"], asked["after"])))
