"""What a retailer owes, as it decides an order: on every page and in every answer, with where it comes from."""

import html
import json
import sqlite3
import time
from contextlib import closing

import pytest

from houblon.web.foundation.data_folder import read_profile
from tests.web.groups.test_pages import change, publish
from tests.web.houses import field, order, shell, token_of

LIAR = {"outstanding_balance": "0.00", "overdue_balance": "0.00", "days_overdue": 0, "credit_limit": "99999.00"}


def text(answer):
    return html.unescape(answer.get_data(as_text=True)).replace("\u00a0", " ")


def said(id, items=24):
    return {**order(id, items=items), "buyer": {**order()["buyer"], **LIAR}}


@pytest.fixture
def owing(place):
    """A retailer whose first order is invoiced, with credit for a part of another."""
    client = place.signed_in()
    change(client, "acceptance.credit_limit", value="1 000,00", etat="propre", group="tous")
    publish(client)
    assert place.send(said("PO-1"), "m-1").json["outcome"] == "accepted"
    return client


def held(place):
    answer = place.send(said("PO-2"), "m-2").json
    assert answer["outcome"] == "held" and answer["facts_from"]["outstanding_balance"] == "ledger"
    assert answer["facts_from"]["credit_limit"] == "setting"
    return answer


def test_an_order_beyond_the_credit_waits_and_every_page_says_why(place, owing):
    answer = held(place)
    [reason] = [each for each in answer["reasons"] if each["code"] == "credit_limit"]
    assert reason["message"]["fr"].startswith("Il manque ")
    for address in ("/file", "/commandes/2"):
        page = text(owing.get(address))
        assert reason["message"]["fr"].replace("\u00a0", " ") in page, address
        assert "Ce que la maison sait du détaillant" in page and "d’après les comptes de la maison" in page, address
        assert "d’après un paramètre du groupe" in page, address
    queue = text(owing.get("/file"))
    assert "Rien ne retiendrait la commande après le paiement de la facture F-2021-00001 (" in queue
    assert "Crédit : " in queue


def test_a_question_gets_the_same_answer_and_records_nothing(place, owing):
    question = json.dumps({"order": said("PO-9")})
    answer = (
        place.client().post("/api/v1/decisions", data=question, headers={"Authorization": f"Bearer {place.key}"}).json
    )
    batch = (
        place.client()
        .post(
            "/api/v1/decisions",
            data=json.dumps({"orders": [said("PO-9")]}),
            headers={"Authorization": f"Bearer {place.key}"},
        )
        .json["decisions"][0]
    )
    assert answer["facts_from"] == batch["facts_from"] == held(place)["facts_from"]
    assert [answer["outcome"], batch["outcome"]] == ["held", "held"]
    told = shell(["decide", "-", "--json", "--data", place.house.settings.data], input=json.dumps(said("PO-9")))
    assert json.loads(told.stdout)["outcome"] == "held"
    page = owing.post(
        "/et-si", data={"csrf_token": token_of(text(owing.get("/et-si"))), "json": json.dumps(said("PO-9"))}
    )
    assert "d’après les comptes de la maison" in text(page)


def test_a_question_asked_again_knows_what_was_ordered_and_written_meanwhile(place, owing):
    """What is remembered of an account falls with whatever is committed, by this process or by another."""

    def decided():
        time.sleep(0.15)  # as long as it takes for the ledger's log to be old enough that answers are kept
        for _ in range(2):
            answer = place.client().post(
                "/api/v1/decisions",
                data=json.dumps({"order": said("PO-9")}),
                headers={"Authorization": f"Bearer {place.key}"},
            )
        return answer.json["outcome"]

    assert decided() == "held"
    with closing(sqlite3.connect(place.house.settings.data / "ledger.db")) as other:
        other.execute("UPDATE retailers SET outstanding = 0")
        other.commit()
    assert decided() == "accepted"
    assert place.send(said("PO-2"), "m-2").json["outcome"] == "accepted"
    assert decided() == "held"


def test_a_limit_of_the_retailer_s_own_comes_first_by_page_key_and_shell(place, owing):
    page = text(owing.get("/detaillants/comptoir-1"))
    form = {name: field(page, name) for name in ("csrf_token", "id", "vu")}
    typed = {**form, "name": "Comptoir du Coin", "email": "achats@comptoir.example", "credit_limit": "5 000,50"}
    assert owing.post("/detaillants/fiche", data=typed).status_code == 302
    page = text(owing.get("/detaillants/comptoir-1"))
    assert 'value="5000,50"' in page and "passe avant celle de ses groupes" in page
    answer = place.send(said("PO-2"), "m-2").json
    assert answer["outcome"] == "accepted" and answer["facts_from"]["credit_limit"] == "ledger"
    wrong = owing.post("/detaillants/fiche", data={**typed, "vu": field(page, "vu"), "credit_limit": "1,2,3"})
    assert wrong.status_code == 422
    folder = place.house.settings.data
    told = shell(["retailer", "set", "comptoir-1", "--credit-limit", "100", "--json", "--data", folder])
    assert json.loads(told.stdout)["credit_limit"] == "100.00"
    assert place.send(said("PO-3"), "m-3").json["outcome"] == "held"
    told = shell(["retailer", "set", "comptoir-1", "--credit-limit", "-5", "--json", "--data", folder])
    assert told.exit_code == 1 and "/credit_limit" in told.stderr


def test_an_installation_says_whose_word_counts(place, tmp_path):
    folder = place.house.settings.data
    assert read_profile(folder).receivables == "houblon"
    told = shell(["installation", "set", "--receivables", "source", "--json", "--yes", "--data", folder])
    assert json.loads(told.stdout)["receivables"] == "source"
    answer = place.send(said("PO-1"), "m-1").json
    assert "facts_from" not in answer
    wrong = shell(["installation", "set", "--receivables", "personne", "--yes", "--data", folder])
    assert wrong.exit_code == 1
    page = text(place.signed_in().get("/reglages"))
    assert "Qui sait ce qu’un détaillant doit" in page
    made = tmp_path / "autre"
    assert shell(["init", "--receivables", "source", "--data", made]).exit_code == 0
    assert read_profile(made).receivables == "source"
