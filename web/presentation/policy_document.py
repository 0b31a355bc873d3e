"""A policy as JSON, each value with its provenance: what the API answers and the pages show."""

from typing import Any

from houblon.engine.policy.policy import Policy, rule_document


def policy_document(policy: Policy) -> dict[str, Any]:
    """A policy with the provenance of every value."""

    def said(provenance: Any) -> dict[str, Any]:
        return {"group": provenance.group, "version": provenance.version}

    return {
        "chain": list(policy.chain),
        "version": policy.version,
        "hash": policy.hash,
        "settings": {
            path: {"value": each.value, "provenance": said(each.provenance)} for path, each in policy.settings.items()
        },
        "rules": {each.id: rule_document(each) | {"provenance": said(each.provenance)} for each in policy.rules},
    }
