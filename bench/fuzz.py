"""Requests made from the API's own document, good and bad, against a real installation: `python -m bench.fuzz 20000`.

Every answer must be of a status, content type and shape that the document tells, and none a 5xx.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
DOCUMENT = "/api/v1/openapi.json"


def fuzz(app: Flask, key: str, requests: int, there: dict[str, Any], run: int = 7) -> Counter[int]:
    """How often each status was answered to `requests` requests, spread over all operations.

    `there` holds path parameters of things that exist (`id`, `key`, `number`): half of the requests
    are about them. Raises what schemathesis says of the first answer that is wrong.
    """
    operations = [each.ok() for each in schemathesis.openapi.from_wsgi(DOCUMENT, app).get_all_operations()]
    answered: Counter[int] = Counter()
    for operation in operations:
        _fuzz_one(operation, key, max(requests // len(operations), 1), there, run, answered)
    return answered


def _fuzz_one(operation: Any, key: str, count: int, there: dict[str, Any], run: int, answered: Counter[int]) -> None:
    left = count

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
        nonlocal left
        if left <= 0:
            return
        left -= 1
        response = case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
        answered[response.status_code] += 1

    knock()


def _strategies(operation: Any, there: dict[str, Any]) -> Iterator[Any]:
    named = {each.name: there[each.name] for each in operation.path_parameters if each.name in there}
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
            yield operation.as_strategy(generation_mode=mode)
    if named:
        headers = {"If-Match": "*"} if any(each.name == "If-Match" for each in operation.headers) else None
        yield operation.as_strategy(path_parameters=named, headers=headers)


def main() -> None:
    from orders.doors import add_key
    from tests.web.houses import NOW, make_folder, open_place, order

    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        place = open_place(Path(folder) / "data", make_folder(Path(folder) / "data"))
        add = lambda connection: add_key(connection, "fuzz", ["decide", "read", "write"], lambda n: b"f" * n, NOW)
        key = place.house.desk.ledger.write(add)
        place.app.extensions["houblon.rates"]._others = 10**9
        place.send(order("PO-1", items=12), "m-1")
        place.send(order("PO-2"), "m-2")
        began = time.perf_counter()
        answered = fuzz(place.app, key, requests, {"id": "tous", "key": 1, "number": 1})
        seconds = time.perf_counter() - began
        print(f"{sum(answered.values())} requests in {seconds:.0f} s: {dict(sorted(answered.items()))}")
        place.house.close()


if __name__ == "__main__":
    main()
