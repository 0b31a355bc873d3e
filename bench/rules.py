"""1,000 groups and 1,000 versions: how long publishing takes, and opening any version.

    python -m bench.rules [--groups 1000] [--versions 1000]

Every version changes a setting or a rule of three groups. Each figure is told warm (the process
has published before) and cold (a store just opened, nothing in memory).
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from houblon.rules.model.statements import Edit
from houblon.rules.policies import Policies
from houblon.rules.publishing.publish import publish
from houblon.rules.store.documents import FILE, Store, open_store

PUBLISH_WITHIN, OPEN_WITHIN = 1.0, 0.3
START = datetime(2021, 5, 1, 12, 0, tzinfo=UTC)
TOUS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "rules" / "tous.json").read_text(encoding="utf-8"))


def group(number: int) -> dict[str, Any]:
    """A group that states three settings and two rules."""
    return {
        "id": f"groupe-{number}",
        "name": f"Détaillants de la zone {number}",
        "rank": number,
        "settings": {
            "acceptance.mode": "automatic",
            "acceptance.minimum_items": 12 + number % 40,
            "invoicing.terms": {"kind": "net", "days": 15},
        },
        "rules": {
            f"gros-montants-{number % 7}": {
                "label": {"fr": "Gros montants", "en": "Large amounts"},
                "conditions": {"all": [{"name": "order_value", "operator": "greater_than", "value": 2500 + number}]},
                "actions": [{"name": "hold", "params": {"reason": "large_amount"}}],
            },
            "retards": {
                "conditions": {
                    "any": [
                        {"name": "days_overdue", "operator": "greater_than", "value": 30},
                        {"name": "overdue_balance", "operator": "greater_than", "value": 1000},
                    ]
                },
                "actions": [{"name": "hold", "params": {"reason": "overdue"}}],
            },
        },
    }


def grow(store: Store, groups: int, versions: int, chance: random.Random) -> list[float]:
    """Publish `versions` versions; the seconds that each took."""
    documents = {number: group(number) for number in range(1, groups + 1)}
    everything = [Edit("group", "tous", TOUS), *(Edit("group", each["id"], each) for each in documents.values())]
    took = [_seconds(lambda: publish(store, everything, author="bench", note="", at=START))[0]]
    for version in range(2, versions + 1):
        edits = []
        for number in chance.sample(sorted(documents), min(3, groups)):
            documents[number]["settings"]["acceptance.minimum_items"] = chance.randint(1, 500)
            edits.append(Edit("group", f"groupe-{number}", documents[number]))
        at = START + timedelta(hours=version)
        took.append(_seconds(lambda: publish(store, edits, author="bench", note="", at=at, base=version - 1))[0])  # noqa: B023
    return took


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = work()
    return time.perf_counter() - began, answer


def _publish_to_tous(store: Store) -> None:
    settings = {**TOUS["settings"], "acceptance.minimum_items": 6}
    publish(store, [Edit("group", "tous", {**TOUS, "settings": settings})], author="bench", note="", at=START)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--versions", type=int, default=1_000)
    arguments = parser.parse_args()
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        warm = grow(open_store(path), arguments.groups, arguments.versions, chance)
        sample = [1, arguments.versions, *chance.choices(range(1, arguments.versions + 1), k=20)]
        edit = Edit("group", "groupe-1", {**group(1), "colour": "#123456"})
        cold_publish = _seconds(lambda: publish(open_store(path), [edit], author="bench", note="", at=START))[0]
        tous_publish = _seconds(lambda: _publish_to_tous(open_store(path)))[0]
        cold = [_seconds(lambda: open_store(path).content(number))[0] for number in sample]  # noqa: B023
        store = open_store(path)
        store.content(arguments.versions)
        later = [_seconds(lambda: store.content(number))[0] for number in dict.fromkeys(sample[2:])]  # noqa: B023
        chain, policies = ("groupe-9", "groupe-8", "tous"), Policies(store)
        resolving = _seconds(lambda: policies.policy(chain, 1))[0]
        ready = _seconds(lambda: [policies.policy(chain, 1) for _ in range(1_000)])[0] / 1_000
        size = (path / FILE).stat().st_size / 1e6
    figures = [
        ("publish, first version with every group", warm[0], PUBLISH_WITHIN * 2),
        ("publish three groups, median", statistics.median(warm[1:]), PUBLISH_WITHIN),
        ("publish three groups, slowest", max(warm[1:]), PUBLISH_WITHIN),
        ("publish one group, cold", cold_publish, PUBLISH_WITHIN),
        ("publish a change of Tous, cold", tous_publish, PUBLISH_WITHIN),
        ("open an old version, cold, median", statistics.median(cold), OPEN_WITHIN),
        ("open an old version, cold, slowest", max(cold), OPEN_WITHIN),
        ("open an old version, warm, slowest", max(later), OPEN_WITHIN),
        ("resolve a chain", resolving, 0.01),
        ("a policy that is ready", ready, 0.001),
    ]
    print(f"{arguments.groups} groups, {arguments.versions} versions, {size:.1f} MB")
    for label, seconds, within in figures:
        print(f"{label:42} {seconds * 1000:10.3f} ms   {'ok' if seconds <= within else f'over {within * 1000:.0f} ms'}")
    return 0 if all(seconds <= within for _, seconds, within in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
