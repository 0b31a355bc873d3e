"""Documents and stores for tests of the rules."""

import json
from datetime import timedelta
from importlib.resources import files
from typing import Any

from houblon.engine.core.problem import Invalid
from houblon.rules.model.content import Content, Version
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import Store
from tests.clock import START

TOUS: dict[str, Any] = json.loads(files("houblon.rules").joinpath("tous.json").read_text(encoding="utf-8"))
TRANSBROUE: dict[str, Any] = {
    "id": "transbroue",
    "name": "Transbroue",
    "timezone": "America/Toronto",
    "dtstart": "2021-05-06",
    "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
}


def tous(rules: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Tous with some settings changed: `acceptance_mode="manual"` states `acceptance.mode`."""
    return {**TOUS, "settings": {**TOUS["settings"], **paths(settings)}, "rules": rules or {}}


def group(id: str, rank: int, rules: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {"id": id, "name": f"Groupe {id}", "rank": rank, "settings": paths(settings), "rules": rules or {}}


def paths(settings: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", ".", 1): value for name, value in settings.items()}


def hold(reason: str, over: int = 100) -> dict[str, Any]:
    """A rule that holds orders over a value."""
    return {
        "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": over}]},
        "actions": [{"name": "hold", "params": {"reason": reason}}],
    }


def edits(*documents: dict[str, Any], kind: str = "group") -> list[Edit]:
    return [Edit(kind, document["id"], document) for document in documents]


def published(store: Store, *documents: dict[str, Any], **options: Any) -> Version:
    """Publish groups an hour after the version before."""
    at = options.pop("at", START + timedelta(hours=len(store.versions())))
    return publish(store, edits(*documents), author="anne", note="", at=at, **options)


def content(store: Store) -> Content:
    return store.content(store.newest().number)


def faults(invalid: Invalid) -> set[tuple[str, str]]:
    return {(problem.code, problem.pointer) for problem in invalid.problems}
