"""Requests made from the API's own document, good and bad, against a real installation: `python -m bench.fuzz 20000`.

Every answer must be of a status, content type and shape that the document tells, and none a 5xx.
"""

import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from houblon.orders.credentials.credentials import SCOPES, add_key, add_source
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.events.endpoints import MAX_ENDPOINTS, Wanted, add_endpoint
from houblon.orders.invoicing.payments import Payment, pay
from houblon.orders.queries.lists import list_invoices, list_messages
from houblon.orders.queries.retailers import list_retailers
from houblon.rules.exchange.bundle import read_bundle
from houblon.rules.model.content import KINDS
from houblon.rules.model.statements import Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.publish import publish
from houblon.rules.publishing.schedule import schedule
from houblon.rules.store.documents import Store
from houblon.simulation.files.upload import receive
from houblon.simulation.jobs import jobs
from houblon.simulation.jobs.simulation import Asked
from houblon.simulation.jobs.worker import run_next
from houblon.web.foundation.logs import configure
from tests.web.houses import make_folder, open_place, order

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT = "/api/v1/openapi.json"
# Schemathesis takes a missing key for one more bad header: a tenth of the requests would only meet the lock.
CONFIG = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
BUNDLE = {
    "houblon": 1,
    "scenarios": [{"id": "s", "name": "Petite", "order": order(items=1), "expect": {"outcome": "held"}}],
    "guardrails": [{"id": "g", "label": {"fr": "Garde-fou", "en": "Guardrail"}, "claim": {"terms_at_most_days": 90}}],
}
THINGS = 40  # of each sort that requests change
There = Mapping[str, Sequence[Mapping[str, Any]]]


def furnish(place: Any) -> tuple[str, There]:
    """Orders, proposals and the rest in an installation: a key that may do everything, and the path parameters of
    what exists in each room."""
    house = place.house
    ledger, now = house.services.ledger, house.now()
    key = ledger.write(lambda connection: add_key(connection, "fuzz", SCOPES, lambda count: b"f" * count, now))
    bundle = read_bundle(BUNDLE, house.store.content(house.store.newest().number))
    publish(house.store, bundle.edits, author="marie", note="", at=now)
    for number in range(THINGS):
        place.send(order(f"PO-{number}", items=24 if number % 4 == 0 else 12), f"m-{number}")
        _propose(house.store, number, now)
        jobs.start(house.services, Asked(version=1), id=f"s-{number}", by="marie", at=now)
    run_next(house.services, house.settings.data / "simulations", house.now)
    endpoints, files = _connect(house, now), _files(house, now)
    content = house.store.content(house.store.newest().number)
    named = {f"{kind}s": [{"id": id} for id in content.documents(kind)] for kind in KINDS}
    with ledger.reading() as connection:
        keys = [row.key for row in list_invoices(connection)]
        messages = [{"id": row.id} for row in list_messages(connection, limit=THINGS)]
        buyers = [{"id": row.id} for row in list_retailers(connection, limit=THINGS)]
    day = now.astimezone(house.services.installation.zone).date()
    paid = [pay(house.services, key, Payment(100, day), by="marie", at=now) for key in keys for _ in range(9)]
    return key, {
        **named,
        "proposals": [{"id": id} for id in house.store.history().proposals],
        "simulations": [{"id": f"s-{number}"} for number in range(THINGS)],
        "simulations/files": files,
        "endpoints": endpoints,
        "sources": [{"name": f"source {number}", "key": number + 2} for number in range(THINGS)],
        "orders": [{"key": key, "line": 1} for key in range(1, THINGS + 1)],
        "invoices": [{"key": each.invoice_key, "id": each.key} for each in paid],
        "messages": messages,
        "retailers": buyers,
        "versions": [{"number": each.number} for each in house.store.versions()],
    }


def _connect(house: Any, now: datetime) -> list[dict[str, Any]]:
    """Endpoints and sources that requests change and remove; the endpoints' ids."""

    def work(connection: Any) -> list[dict[str, Any]]:
        for number in range(THINGS):
            add_source(connection, f"source {number}", token_bytes, now)
        wanted = [Wanted(f"https://recepteur-{number}.example/", EVENTS) for number in range(MAX_ENDPOINTS - 10)]
        return [{"id": add_endpoint(connection, each, token_bytes, now)[0]} for each in wanted]

    found: list[dict[str, Any]] = house.services.ledger.write(work)
    return found


def _files(house: Any, now: datetime) -> list[dict[str, Any]]:
    """Files of orders that the key sent."""
    rows = b"commande;date;detaillant;articles;valeur\nPO-1;2021-05-03;comptoir-1;24;1296,00\n"
    ids = [f"f{number}" for number in range(3)]
    for id in ids:
        receive(iter((rows,)), "mai.csv", house.settings.data / "simulations" / id, by="api:fuzz", at=now)
    return [{"id": id} for id in ids]


def _propose(store: Store, number: int, now: datetime) -> None:
    id = begin(store, f"Essai {number}", by="api:fuzz" if number % 2 else "marie", at=now).id
    said = Statement("group", "payeurs-a-risque", "acceptance.minimum_items", number + 2)
    revise(store, id, [said], by="marie", at=now)
    if number % 4 == 0:
        schedule(store, id, effective_from=now + timedelta(days=1 + number), by="marie", at=now)


def fuzz(app: Flask, key: str, requests: int, there: There, run: int = 7) -> dict[str, Counter[int]]:
    """How often each status was answered, by operation, to `requests` requests spread over all of them.

    A part of the requests is about what is `there`. Raises what schemathesis says of the first answer that is wrong.
    """
    document = schemathesis.openapi.from_wsgi(DOCUMENT, app, config=CONFIG)
    # What is removed is asked for by no other any more: last.
    operations = sorted((each.ok() for each in document.get_all_operations()), key=lambda each: each.method == "delete")
    # One that takes nothing has one request; the others share what is left.
    plain = sum(not (each.body or each.query or each.path_parameters) for each in operations)
    count = -(-(requests - plain) // (len(operations) - plain))
    return {each.label: _fuzz_one(each, key, count, there, run) for each in operations}


def _fuzz_one(operation: Any, key: str, count: int, there: There, run: int) -> Counter[int]:
    answered: Counter[int] = Counter()

    @seed(run)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(*_strategies(operation, there)))
    def knock(case: Any) -> None:
        if answered.total() < count:
            response = case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
            answered[response.status_code] += 1

    knock()
    return answered


def _strategies(operation: Any, there: There) -> Iterator[Any]:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
            yield operation.as_strategy(generation_mode=mode)
    path = operation.path.removeprefix("/api/v1/")
    room = there.get(path.partition("/{")[0]) or there.get(path.partition("/")[0], ())
    if operation.path_parameters and room:
        headers = {"If-Match": "*"} if any(each.name == "If-Match" for each in operation.headers) else None
        known = st.sampled_from(room)
        about = known.flatmap(
            lambda named: operation.as_strategy(path_parameters=_in_path(operation, named), headers=headers)
        )
        yield from (about, about)


def _in_path(operation: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if f"{{{name}}}" in operation.path}


def main() -> None:
    requests, run = (int(each) for each in (*sys.argv[1:], *("20000", "7")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        place = open_place(Path(folder) / "data", make_folder(Path(folder) / "data"))
        place.app.extensions["houblon.rates"]._others = 10**9
        configure(logging.ERROR)
        key, there = furnish(place)
        began = time.perf_counter()
        answered = fuzz(place.app, key, requests, there, run)
        seconds = time.perf_counter() - began
        for label, statuses in answered.items():
            print(f"{label:45} {dict(sorted(statuses.items()))}")
        together = sum(answered.values(), Counter())
        print(f"{together.total()} requests in {seconds:.0f} s: {dict(sorted(together.items()))}")
        place.house.close()


if __name__ == "__main__":
    main()
