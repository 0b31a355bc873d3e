"""One order in: decided, recorded and acted on once, whatever is sent again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from houblon.engine.core.order import decode_order
from houblon.engine.decide.evaluate import decide
from houblon.engine.policy.decision import decision_document
from houblon.orders.db import tables
from houblon.orders.handling import review
from houblon.orders.mail.rendered import rendered
from houblon.orders.retailers.memberships import memberships_of
from houblon.orders.services import Conflict
from tests.clock import NOW
from tests.orders.services import (
    group,
    join,
    later,
    make_services,
    order_body,
    order_moves,
    publish_groups,
    rows,
    send,
    tous,
)


def codes(document):
    return [reason["code"] for reason in document["reasons"]]


def conflict(action):
    with pytest.raises(Conflict) as caught:
        action()
    return caught.value


def test_an_order_under_the_minimum_is_held_and_nothing_is_invoiced(services):
    document = send(services, order_body(items=12)).document
    assert (document["outcome"], codes(document), document["invoice"]) == ("held", ["minimum_items"], None)
    assert document["reasons"][0]["provenance"] == [{"group": "tous", "version": 1}]
    [order] = rows(services, tables.orders)
    assert (order.state, order.order_value, order.item_count) == ("held", 64800, 12)
    assert rows(services, tables.invoices) == []


def test_an_accepted_order_has_its_invoice_and_its_mail_in_the_same_transaction(services):
    document = send(services).document
    assert document["outcome"] == "accepted"
    [invoice], [message] = rows(services, tables.invoices), rows(services, tables.outbox)
    assert (invoice.number, invoice.kind, invoice.state) == ("F-2021-00001", "invoice", "issued")
    assert (message.event, message.recipient, message.state) == ("invoice.issued", "coin@example.com", "pending")


def test_a_buyer_kept_among_bad_payers_is_held_whatever_the_order_claims(services):
    join(services, "depanneur-42", "payeurs-a-risque")
    document = send(services, order_body(buyer={"groups": []})).document
    assert (document["outcome"], document["chain"]) == ("held", ["payeurs-a-risque", "tous"])


def test_a_claimed_group_adds_to_the_chain_and_an_unknown_one_holds(services):
    assert send(services, order_body("A", buyer={"groups": ["payeurs-a-risque"]})).document["outcome"] == "held"
    document = send(services, order_body("B", buyer={"groups": ["nulle-part"]})).document
    assert (document["outcome"], codes(document)) == ("held", ["unknown_group"])


def test_the_due_date_counts_from_the_distributor_s_next_delivery_and_its_derivation_is_kept(services):
    send(services, order_body(distributor="transbroue"))
    [invoice], [decision] = rows(services, tables.invoices), rows(services, tables.decisions)
    assert invoice.due_date == "2021-06-19"
    assert decision.derivation == invoice.document["derivation"]
    assert (decision.derivation["delivery_date"], decision.derivation["cycle_anchor"]) == ("2021-05-20", "2021-05-06")


def test_the_version_in_force_at_reception_decides(services):
    assert send(services, order_body("A", items=12)).document["outcome"] == "held"
    publish_groups(services.policies.store, tous(acceptance_minimum_items=12), at=later(hours=1))
    document = send(services, order_body("B", items=12), at=later(hours=2)).document
    assert (document["outcome"], document["version"]) == ("accepted", 2)


def test_the_stored_decision_can_be_made_again_from_what_is_stored(services):
    send(services, order_body(distributor="transbroue"))
    publish_groups(services.policies.store, tous(acceptance_mode="manual"), at=later(hours=1))
    [order], [stored] = rows(services, tables.orders), rows(services, tables.decisions)
    again = decide(
        decode_order(order.body),
        services.policies.policy(tuple(stored.chain), stored.version),
        accepted_at=stored.made_at,
        cycle=services.policies.content(stored.version).cycles["transbroue"],
        installation=services.installation,
    )
    assert decision_document(again) == stored.document


# Sent again


def test_the_same_webhook_gives_the_stored_answer(services):
    first = send(services, webhook_id="msg_1")
    again = send(services, webhook_id="msg_1", at=later(days=1))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.document == first.document
    assert (
        len(rows(services, tables.invoices))
        == len(rows(services, tables.outbox))
        == len(rows(services, tables.orders))
        == 1
    )


def test_the_same_webhook_id_with_another_body_is_a_conflict(services):
    send(services, webhook_id="msg_1")
    assert conflict(lambda: send(services, order_body("PO-2"), webhook_id="msg_1")).code == "webhook_id_reused"
    assert len(rows(services, tables.orders)) == 1


def test_two_sources_may_use_the_same_ids(services):
    send(services, webhook_id="msg_1", source="a")
    assert not send(services, order_body(items=48), webhook_id="msg_1", source="b").replayed
    assert len(rows(services, tables.orders)) == 2


def test_the_same_content_under_another_webhook_id_gives_the_stored_decision(services):
    first = send(services, webhook_id="msg_1")
    again = send(services, webhook_id="msg_2", at=later(days=1))
    assert again.replayed and again.document == first.document
    assert len(rows(services, tables.invoices)) == 1
    assert send(services, webhook_id="msg_2").document == first.document


def test_the_same_content_written_otherwise_is_the_same_content(services):
    send(services)
    assert send(services, order_body().replace(b'", "', b'",  \n"')).replayed


def test_a_changed_order_that_is_held_is_decided_anew_and_keeps_its_history(services):
    small = order_body(items=12)
    send(services, small)
    received = send(services, order_body(items=24), at=later(hours=1))
    assert (received.document["outcome"], received.replayed) == ("accepted", False)
    [order] = rows(services, tables.orders)
    assert (order.state, order.item_count, order.received_at) == ("accepted", 24, NOW)
    assert [row.outcome for row in rows(services, tables.decisions)] == ["held", "accepted"]
    assert [(row.before, row.after, row.who) for row in order_moves(services)] == [
        (None, "held", "houblon"),
        ("held", "accepted", "houblon"),
    ]
    [earlier] = rows(services, tables.earlier_contents)
    assert earlier.body == small and earlier.content_hash == rows(services, tables.decisions)[0].content_hash
    assert len(rows(services, tables.invoices)) == 1


def test_an_order_changed_twice_in_the_same_instant_is_decided_each_time(services):
    for items in (1, 2, 3):
        send(services, order_body(items=items))
    assert len(rows(services, tables.decisions)) == 3
    held = [row for row in rows(services, tables.outbox) if row.event == "order.held"]
    assert len({row.id for row in held}) == len(held) == 3


def test_an_order_changed_after_acceptance_is_a_conflict_that_says_who_and_when(services):
    send(services)
    told = conflict(lambda: send(services, order_body(items=48), at=later(hours=1)))
    assert told.code == "already_settled"
    assert "acceptée, par Houblon, le 12 mai 2021 à 22\u00a0h\u00a017" in told.fr
    assert "accepted, by Houblon, on May 12, 2021 at 22:17" in told.en
    assert rows(services, tables.orders)[0].item_count == 24


def test_an_order_refused_by_rule_can_t_be_changed_either(tmp_path):
    rule = {
        "label": {"fr": "Hors Québec", "en": "Outside Québec"},
        "conditions": {"all": [{"name": "province", "operator": "contains", "value": "ON"}]},
        "actions": [{"name": "refuse", "params": {"reason": "province"}}],
    }
    services = make_services(tmp_path, tous({"hors-quebec": rule}))
    assert send(services, order_body(buyer={"province": "ON"})).document["outcome"] == "refused"
    assert conflict(lambda: send(services, order_body(buyer={"province": "QC"}))).code == "already_settled"
    assert [row.event for row in rows(services, tables.outbox)] == ["order.refused"]
    services.ledger.close()


def test_after_a_person_settled_it_the_same_content_still_gives_the_policy_s_decision(services):
    first = send(services, order_body(items=12))
    review.accept(services, 1, by="anne", at=later(hours=1))
    again = send(services, order_body(items=12), at=later(hours=2))
    assert again.replayed and again.document == first.document


def test_a_refused_delivery_of_a_webhook_may_be_tried_again(services):
    """A conflict claims nothing: the id is free for the body that is right."""
    send(services)
    conflict(lambda: send(services, order_body(items=48), webhook_id="msg_9"))
    assert send(services, webhook_id="msg_9").replayed


def test_many_copies_at_once_make_one_order_and_one_invoice(services):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: send(services, webhook_id=f"msg_{n % 5}"), range(40)))
    assert len({str(answer.document) for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert (
        len(rows(services, tables.orders))
        == len(rows(services, tables.invoices))
        == len(rows(services, tables.outbox))
        == 1
    )


def test_a_fault_in_the_middle_leaves_nothing_behind(services, monkeypatch):
    def broken(*_):
        raise RuntimeError("no pen")

    monkeypatch.setattr("houblon.orders.mail.enqueue.queue", broken)
    with pytest.raises(RuntimeError):
        send(services, webhook_id="msg_1")
    monkeypatch.undo()
    for table in tables.metadata.sorted_tables:
        assert rows(services, table) == [], table.name
    assert send(services, webhook_id="msg_1").document["outcome"] == "accepted"
    assert rows(services, tables.invoices)[0].number == "F-2021-00001"


# Retailers


def test_an_unknown_buyer_becomes_a_retailer_and_is_kept_up_to_date(services):
    send(services, order_body("A", buyer={"name": "Avant", "province": "QC"}))
    send(services, order_body("B", buyer={"name": "Après", "email": None, "language": "en"}), at=later(hours=1))
    [row] = rows(services, tables.retailers)
    assert (row.name, row.email, row.language, row.province) == ("Après", "coin@example.com", "en", "QC")
    assert (row.created_at, row.updated_at) == (NOW, later(hours=1))


def test_what_the_order_does_not_say_is_taken_from_what_is_kept(services):
    send(services, order_body("A", buyer={"language": "en"}))
    send(services, order_body("B", buyer={"name": None, "email": None, "language": None}))
    second = rows(services, tables.invoices)[1].document
    assert (second["buyer"]["name"], second["language"]) == ("Dépanneur du Coin", "en")
    assert {row.recipient for row in rows(services, tables.outbox)} == {"coin@example.com"}


def test_memberships_are_replaced_for_the_retailers_named_only(services):
    join(services, "a", "payeurs-a-risque")
    join(services, "b", "payeurs-a-risque")
    join(services, "a")
    with services.ledger.reading() as connection:
        assert memberships_of(connection, "a") == ()
        assert memberships_of(connection, "b") == ("payeurs-a-risque",)


# Messages


def rule(*actions):
    return {
        "label": {"fr": "Toujours", "en": "Always"},
        "conditions": {"all": [{"name": "item_count", "operator": "greater_than", "value": 0}]},
        "actions": list(actions),
    }


def test_the_team_hears_of_a_held_order_with_the_reasons(tmp_path):
    team = {"events": ["order.held"], "to": ["chef@brasserie.example", "bureau@brasserie.example"]}
    services = make_services(tmp_path, tous(notifications_team=team, notifications_buyer=[]))
    send(services, order_body(items=12))
    told = rows(services, tables.outbox)
    assert {row.recipient for row in told} == set(team["to"])
    assert "12 articles, il en faut 24." in rendered(told[0].message)["text"]
    services.ledger.close()


def test_two_rules_that_call_the_same_team_send_one_message(tmp_path):
    call = {"name": "notify_team", "params": {"channel": "ventes"}}
    team = {"events": [], "to": ["chef@brasserie.example"]}
    rules = {"un": rule(call), "deux": rule(call)}
    services = make_services(tmp_path, tous(rules, notifications_team=team, notifications_buyer=[]))
    send(services)
    assert [row.event for row in rows(services, tables.outbox)] == ["notify.ventes"]
    services.ledger.close()


def test_a_rule_s_call_to_a_team_without_addresses_is_parked_where_it_shows(tmp_path):
    call = {"name": "notify_team", "params": {"channel": "ventes"}}
    services = make_services(tmp_path, tous({"un": rule(call)}, notifications_buyer=[]))
    send(services)
    [row] = rows(services, tables.outbox)
    assert (row.event, row.state) == ("notify.ventes", "parked")
    services.ledger.close()


def test_a_buyer_who_is_told_nothing_gets_no_message(tmp_path):
    services = make_services(tmp_path, group("silence", 20, notifications_buyer=[]))
    join(services, "depanneur-42", "silence")
    send(services)
    assert rows(services, tables.outbox) == [] and len(rows(services, tables.invoices)) == 1
    services.ledger.close()


def test_an_accepted_order_that_is_not_invoiced_yet_is_told_as_accepted(tmp_path):
    services = make_services(tmp_path, tous(invoicing_trigger="on_delivery"))
    send(services)
    assert [row.event for row in rows(services, tables.outbox)] == ["order.accepted"]
    assert rows(services, tables.invoices) == []
    services.ledger.close()


def test_the_message_speaks_the_buyer_s_language_and_says_what_the_group_wants(tmp_path):
    thanks = {"fr": "Merci !\nÀ bientôt.", "en": "Thanks!"}
    services = make_services(tmp_path, tous(messages_confirmation=thanks))
    send(services, order_body("A"))
    send(services, order_body("B", buyer={"id": "b", "language": "en-CA"}))
    french, english = sorted(
        (rendered(row.message) for row in rows(services, tables.outbox)), key=lambda m: m["subject"]
    )
    assert "Merci !\nÀ bientôt." in french["text"] and "Merci !<br>À bientôt." in french["html"]
    assert "Thanks!" in english["text"] and "Payable by: June 11, 2021" in english["text"]
    services.ledger.close()
