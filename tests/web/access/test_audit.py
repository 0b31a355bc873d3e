"""An act and its entry in the audit log: neither is ever there without the other, whatever comes between."""

import multiprocessing
import os

import msgspec
import pytest
from sqlalchemy import func, insert, select, text

from houblon.orders.db.tables import audit, endpoints, invoices, orders, outbox, planned_deliveries, retailers
from houblon.orders.records.audit import entries, verify
from houblon.web.access.audit import copy_entries
from houblon.web.cli.main import main
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.data_folder import read_profile
from tests.clock import NOW
from tests.databases import environ_of
from tests.web.houses import order, shell, token_of


@pytest.fixture
def client(place):
    settle(place.house, "")  # the seed's publication is in the log before anything else is
    return place.signed_in()


def token(client):
    return token_of(client.get("/compte").get_data(as_text=True))


def refuse_entries(place, refused=True):
    """The database itself takes no entry any more, as if the power went between an act and its entry."""
    ledger = place.house.services.ledger
    if not ledger.is_embedded:
        pytest.skip("the trigger is SQLite's")
    trigger = "CREATE TRIGGER no_entry BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no entry'); END"
    ledger.write(lambda c: c.execute(text(trigger if refused else "DROP TRIGGER no_entry")))


def read(place, query):
    with place.house.services.ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def log_of(place):
    with place.house.services.ledger.reading() as connection:
        assert verify(connection).broken_at is None
        return [(row.act, row.who, row.source) for row in reversed(entries(connection, limit=500))]


def state_of(place):
    """All that the acts below change."""
    return [
        read(place, select(endpoints).order_by(endpoints.c.id)),
        read(place, select(orders.c.state, orders.c.content_hash)),
        read(place, select(invoices.c.state, invoices.c.paid_on)),
        read(place, select(outbox.c.id, outbox.c.state)),
        read(place, select(retailers.c.address)),
        read(place, select(planned_deliveries.c.after)),
        read(place, text("SELECT count(*) FROM api_keys")),
        read(place, text("SELECT count(*) FROM sources")),
    ]


def lived_in(place, client):
    """An accepted order with its invoice, a held one of two lines, an endpoint, a parked message."""
    place.send(order("PO-1"), "m1")
    lines = [{"sku": sku, "quantity": 1, "unit_price": "27.00"} for sku in ("IPA-24", "STO-12")]
    place.send(order("PO-2") | {"lines": lines}, "m2")
    form = {"csrf_token": token(client), "url": "https://example.com/h", "evenement": "order.accepted"}
    assert client.post("/webhooks-sortants", data=form).status_code == 201
    message = {"id": "parked-1", "state": "parked", "recipient": "a@example.com", "kind": "mail", "event": "order.held"}
    rest = {"destination": "mail", "message": {}, "created_at": NOW, "due_at": NOW, "attempts": 9}
    place.house.services.ledger.write(lambda c: c.execute(insert(outbox).values(**message, **rest)))
    [(endpoint,)] = read(place, select(endpoints.c.id))
    held = dict(read(place, select(orders.c.order_id, orders.c.content_hash)))["PO-2"]
    return endpoint, held


ACTS = {
    "endpoint.added": ("/webhooks-sortants", {"url": "https://example.com/2", "evenement": "order.held"}),
    "endpoint.changed": ("/webhooks-sortants/{endpoint}", {"url": "https://example.com/3", "evenement": "order.held"}),
    "endpoint.paused": ("/webhooks-sortants/{endpoint}/suspendre", {}),
    "endpoint.rotated": ("/webhooks-sortants/{endpoint}/secret", {}),
    "endpoint.removed": ("/webhooks-sortants/{endpoint}/retirer", {}),
    "message.sent_again": ("/messages/parked-1/renvoyer", {}),
    "messages.sent_again": ("/messages/renvoyer", {}),
    "invoice.paid": ("/factures/1/payer", {"le": "2021-05-12"}),
    "order.delivery_changed": ("/commandes/1/livraison", {"date": "2021-06-03", "raison": "camion", "vu": "0"}),
    "order.delivered": ("/commandes/1/livrer", {}),
    "order.cancelled": ("/commandes/1/annuler", {"raison": "deux fois", "etat": "accepted"}),
    "order.line_removed": ("/commandes/2/lignes/1/retirer", {"vu": "{held}"}),
    "retailer.address": ("/commandes/1/adresse", {"adresse": "1, rue du Houblon"}),
    "key.added": ("/cles", {"nom": "Caisse", "portee": "read"}),
    "source.added": ("/sources", {"nom": "boutique"}),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_in_the_ledger_is_undone_with_its_entry(place, client, act):
    endpoint, held = lived_in(place, client)
    address, form = ACTS[act]
    address = address.format(endpoint=endpoint)
    form = {name: value.format(held=held) for name, value in form.items()} | {"csrf_token": token(client)}
    before, log = state_of(place), log_of(place)
    refuse_entries(place)
    assert client.post(address, data=form).status_code >= 500
    assert (state_of(place), log_of(place)) == (before, log)
    refuse_entries(place, False)
    assert client.post(address, data=form).status_code < 400
    assert state_of(place) != before
    assert log_of(place) == [*log, (act, "admin@houblon.example", "127.0.0.1")]


def test_a_new_password_is_kept_with_its_entry_or_not_at_all(place, client):
    form = {"password": place.password, "new_password": "une phrase assez longue", "csrf_token": token(client)}
    form["new_password_confirm"] = form["new_password"]
    password = text("SELECT password FROM accounts")
    before, log = read(place, password), log_of(place)
    refuse_entries(place)
    assert client.post("/compte/mot-de-passe", data=form).status_code >= 500
    assert (read(place, password), log_of(place)) == (before, log)
    refuse_entries(place, False)
    again = place.signed_in()
    assert again.post("/compte/mot-de-passe", data=form | {"csrf_token": token(again)}).status_code == 302
    assert read(place, password) != before
    assert log_of(place)[len(log) :] == [("user.password", "admin@houblon.example", "127.0.0.1")]


def test_an_act_in_the_rules_carries_its_entry_until_the_ledger_has_it_once(place, client):
    log = log_of(place)
    refuse_entries(place)
    assert client.post("/brouillons", data={"nom": "Été", "csrf_token": token(client)}).status_code >= 500
    assert [each.name for each in place.house.store.history().proposals.values()] == ["Été"]
    assert log_of(place) == log
    refuse_entries(place, False)
    for _ in range(3):  # the server's worker, at its next looks
        settle(place.house, "")
    assert log_of(place) == [*log, ("proposal.begun", "admin@houblon.example", "127.0.0.1")]
    place.house.store.copied = frozenset()  # a process that starts knows of none
    copy_entries(place.house)
    assert len(log_of(place)) == len(log) + 1


def test_what_the_rules_refuse_has_no_entry(place, client):
    log = log_of(place)
    place.house.store.storage._sync = _no_space
    assert client.post("/brouillons", data={"nom": "Été", "csrf_token": token(client)}).status_code >= 500
    place.house.store.storage._sync = os.fsync
    settle(place.house, "")
    assert (place.house.store.history().proposals, log_of(place)) == ({}, log)


def _no_space(_):
    raise OSError(28, "No space left on device")


def test_entries_that_the_ledger_has_do_not_pile_up_in_the_rules(place, client):
    form = {"nom": "Été", "csrf_token": token(client)}
    client.post("/brouillons", data=form)
    for number in range(55):
        said = {"commentaire": f"note {number}", "csrf_token": form["csrf_token"], "revision": "1"}
        assert client.post("/brouillons/ete/commenter", data=said).status_code == 302
    assert 50 <= len(place.house.store.history().entries) <= 52
    assert sum(act == "proposal.commented" for act, *_ in log_of(place)) == 55


def test_a_setting_carries_its_entry_until_the_ledger_has_it_once(place, client):
    folder, log = place.house.settings.data, log_of(place)
    refuse_entries(place)
    assert shell(["approval", "required", "--data", folder]).exit_code != 0
    assert read_profile(folder).approval and log_of(place) == log
    refuse_entries(place, False)
    for answer in ("yes", "yes", "no"):
        assert shell(["follow-delivery", answer, "--data", folder]).exit_code == 0
    moved = ("installation.follow_delivery", "cli", "shell")
    # What changed nothing is no act; the first one's entry came in with the second's.
    assert log_of(place) == [*log, ("installation.approval", "cli", "shell"), moved, moved]


def _import_and_die(folder, file, environ):
    """`houblon import`, in a process that ends without a word as it is about to write to the ledger."""
    os.environ.update(environ)

    def die(*_):
        os._exit(9)

    from houblon.orders.db.ledger import Ledger
    from houblon.web.cli import rules

    def copy_entries(house):
        Ledger.write = die
        Ledger.record = die
        return copy_entries_of_the_product(house)

    copy_entries_of_the_product, rules.copy_entries = rules.copy_entries, copy_entries
    main(["import", str(file), "--data", str(folder)])


def test_a_process_killed_between_the_rules_and_the_ledger_loses_no_entry(place, client, tmp_path):
    folder, file = place.house.settings.data, tmp_path / "lot.json"
    cycle = {"id": "nord", "name": "Nord", "timezone": "America/Toronto", "dtstart": "2021-05-06"}
    document = {"houblon": 1, "cycles": [{**cycle, "rrule": "FREQ=WEEKLY;BYDAY=TH"}]}
    file.write_bytes(msgspec.json.encode(document))
    log = log_of(place)
    process = multiprocessing.get_context("spawn").Process(
        target=_import_and_die, args=(folder, file, dict(environ_of(folder)))
    )
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert len(place.house.store.history().proposals) == 1 and log_of(place) == log
    settle(place.house, "")
    assert log_of(place) == [*log, ("proposal.begun", "cli", "shell")]
    assert read(place, select(func.count()).where(audit.c.reference.like("act:%"))) == [(1,)]
