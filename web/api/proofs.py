"""`/proofs`: guardrails asked of every possible order."""

from typing import Any

from flask import Response

from houblon.web.api.blueprint import operation
from houblon.web.api.bodies import ProofsAsked
from houblon.web.drafts.proofs import proofs_asked, proofs_document
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
