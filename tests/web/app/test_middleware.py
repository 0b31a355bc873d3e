"""What the app leaves for later: nothing that a command or a server may never need is made at its start."""

import pytest
from werkzeug.routing import Map, Rule

from houblon.web.api.document import document
from houblon.web.app.middleware import Address
from houblon.web.foundation.paging import KeyConverter
from tests.effort import steps
from tests.web.houses import make_folder, open_place


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("/", {"page": 2}),
        ("/commandes/<int:key>", {"key": 7}),
        ("/commandes/<int:key>", {"key": 7, "q": "été & fête", "rule": "a"}),
        ("/livraisons/<path:way>/<name>", {"way": "a/b c", "name": "é/…"}),
    ],
)
def test_an_address_is_put_together_as_by_any_other_rule_the_first_time_and_after(rule, values):
    built = []
    for kind in (Rule, Address, Address):
        places = Map([kind(rule, endpoint="there")], converters={"int": KeyConverter}).bind("houblon.example")
        built += [
            [places.build("there", dict(values), append_unknown=unknown) for _ in "ab"] for unknown in (True, False)
        ]
    assert built[:2] == built[2:4] == built[4:]


def test_the_document_of_the_api_is_made_when_it_is_asked_for_and_once(tmp_path):
    place = open_place(tmp_path / "data", make_folder(tmp_path / "data"))
    document.cache_clear()
    first = steps(lambda: place.client().get("/api/v1/openapi.json"))
    assert steps(lambda: place.client().get("/api/v1/openapi.json")) < first / 10
    place.house.close()
