"""Contents for tests of simulations: groups as documents, versions without a store."""

import random
from typing import Any

from houblon.engine.decide.evaluate import decide
from houblon.rules.model.content import Content, Version, content_of
from houblon.rules.model.inherit import chain_of, resolve
from houblon.simulation.facts.fill import Taken
from tests.clock import START
from tests.engine.oracle.generated import _rule
from tests.engine.policy.policies import INSTALLATION, TOUS

GROUPS = ("risque", "bars")
CYCLE = {
    "id": "B",
    "name": "Transbroue",
    "timezone": "America/Toronto",
    "dtstart": "2021-05-06",
    "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
    "exdates": [],
    "rdates": [],
    "cut_off": {"days_before": 1, "time": "12:00"},
    "holidays": "ignore",
}


def group(id: str, rank: int, settings: Any = None, rules: Any = None) -> dict[str, Any]:
    return {"id": id, "name": id, "colour": "#123456", "rank": rank, "settings": settings or {}, "rules": rules or {}}


def content(number: int, *groups: dict[str, Any], cycles: Any = ()) -> Content:
    """A version that holds these groups; Tous is the tests' own unless given."""
    documents = {each["id"]: each for each in (group("tous", 0, TOUS), *groups)}
    documents["tous"] = {**documents["tous"], "settings": {**TOUS, **documents["tous"]["settings"]}}
    rows = [
        {"kind": "group", "id": id, "version": number, "document": each, "since": {}} for id, each in documents.items()
    ]
    rows += [{"kind": "cycle", "id": each["id"], "version": number, "document": each, "since": {}} for each in cycles]
    return content_of(Version(number, "anne", "", START, START, f"sha256:{number}"), rows, {})


def random_content(chance: random.Random, number: int, shared: dict[str, Any] | None = None) -> Content:
    """Three groups with a few rules each; `shared` rules of Tous are in both contents of a test."""
    made = []
    for place, id in enumerate(("tous", *GROUPS)):
        settings: dict[str, Any] = {}
        if id == "tous" or chance.random() < 0.4:
            settings = {
                "acceptance.mode": chance.choice(["automatic", "automatic", "automatic", "manual"]),
                "acceptance.minimum_items": chance.choice([None, None, 1, 24]),
                "acceptance.minimum_value": chance.choice([None, None, "8.33", "200.00"]),
                "acceptance.credit_limit": chance.choice([None, None, "8.33", "1000.00"]),
                "acceptance.maximum_days_overdue": chance.choice([None, None, 0, 30]),
                "invoicing.trigger": chance.choice(["on_acceptance", "on_acceptance", "on_delivery", "manual"]),
                "invoicing.terms": chance.choice(
                    [{"kind": "net", "days": 30}, {"kind": "on_receipt"}, {"kind": "end_of_month", "days": 10}]
                ),
            }
        rules = {f"{id}-{index}": _rule(chance) for index in range(chance.randint(0, 3))}
        if id == "tous" and shared:
            rules |= shared
        made.append(group(id, 10 * place, settings, rules))
    return content(number, *made, cycles=(CYCLE,))


_RESOLVED: dict[Any, Any] = {}


def decided(content: Content, taken: Taken):
    """The engine's own decision about an order of a sheet."""
    order = taken.order
    chain, unknown = chain_of(content, taken.kept, order.buyer.groups or ())
    key = (id(content), chain)
    if key not in _RESOLVED:
        _RESOLVED[key] = (content, resolve(content, chain))
    return decide(
        order,
        _RESOLVED[key][1],
        accepted_at=taken.accepted_at,
        cycle=content.cycle_of(order.distributor),
        installation=INSTALLATION,
        unknown_groups=unknown,
        account=taken.account,
    )
