"""What a restored copy would do again, told; numbers moved on and messages held where it is asked."""

import json

import pytest
from sqlalchemy import func, select

from houblon.orders.db.tables import audit, invoices, outbox
from houblon.orders.handling.receive import receive
from houblon.orders.intake.decode import read_order
from houblon.orders.outbox.held import HELD
from houblon.web.cli.backup import back_up
from houblon.web.foundation.composition import open_house
from tests import databases
from tests.clock import NOW
from tests.web.houses import ADMIN, copy_of, make_folder, open_place, order, settings_of, shell

pytestmark = databases.in_a_file  # on PostgreSQL the ledger is in no backup: the last test asks for it there


@pytest.fixture
def data(template, tmp_path):
    """An installation of two invoices, whose mails wait still, copied; then two more invoices."""
    data = copy_of(template[0], tmp_path / "data")
    numbers_after(data, "PO-1", "PO-2")
    back_up(settings_of(data), tmp_path / "backup.tar", NOW)
    numbers_after(data, "PO-3", "PO-4")
    return data


@pytest.fixture
def backup(data, tmp_path):
    return tmp_path / "backup.tar"


def states(folder):
    house = open_house(settings_of(folder), now=lambda: NOW)
    with house.services.ledger.reading() as connection:
        found = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state)).all()
        acts = connection.execute(select(audit.c.act)).scalars().all()
    house.close()
    return dict(map(tuple, found)), acts


def numbers_after(folder, *ids):
    """The numbers of all invoices, once orders of these ids were accepted."""
    house = open_house(settings_of(folder), now=lambda: NOW)
    for id in ids:
        body = json.dumps(order(id)).encode()
        receive(house.services, body, read_order(body), source="essai", at=NOW, webhook_id=f"m-{id}")
    with house.services.ledger.reading() as connection:
        found = connection.execute(select(invoices.c.number).order_by(invoices.c.key)).scalars().all()
    house.close()
    return found


def test_numbers_that_were_given_out_since_are_named_and_the_counter_moves_on(data, backup):
    told = shell(["restore", backup, "--data", data, "--replace"])
    assert told.exit_code == 0, told.stderr
    assert "F-2021-00003 to F-2021-00004 were given out by what was there" in told.stdout
    assert "--next-number F-2021-00005" in told.stdout
    moved = shell(["restore", "--next-number", "F-2021-00005", "--data", data, "--json"])
    assert json.loads(moved.stdout)["numbers_skipped"] == [{"series": "F-2021", "first": 3, "last": 4}]
    assert numbers_after(data, "PO-5") == ["F-2021-00001", "F-2021-00002", "F-2021-00005"]
    checked = shell(["check", "--data", data])
    assert checked.exit_code == 0, checked.stderr


def test_a_name_that_is_no_setting_is_told_once(data, monkeypatch):
    monkeypatch.setenv("HOUBLON_DATTA", "x")
    assert shell(["restore", "--hold-messages", "--data", data]).stderr.count("HOUBLON_DATTA is no setting") == 1


def test_a_copy_restored_with_the_next_number_never_repeats_one(data, backup, tmp_path):
    into = tmp_path / "new"
    told = shell(["restore", backup, "--into", into, "--next-number", "F-2021-00005", "--json"])
    document = json.loads(told.stdout)
    assert document["next_numbers"] == ["F-2021-00005"] and document["numbers_given_out_since"] == []
    assert numbers_after(into, "PO-5")[-1] == "F-2021-00005"
    assert "invoices.moved_on" in states(into)[1]
    assert shell(["check", "--data", into]).exit_code == 0


@pytest.mark.parametrize("number", ["F-2021-00002", "XX-2021-00009", "nine", "F-2021-9", "F-21-00009"])
def test_a_number_that_was_given_out_or_is_none_is_refused_and_nothing_is_restored(data, backup, tmp_path, number):
    refused = shell(["restore", backup, "--into", tmp_path / "new", "--next-number", number])
    assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["pointer"] == "/next_number"
    assert not (tmp_path / "new").exists()


def test_what_waited_to_leave_is_told_and_held_where_it_is_asked(data, backup, tmp_path):
    told = shell(["restore", backup, "--into", tmp_path / "a", "--json"])
    document = json.loads(told.stdout)
    waiting = document["pending_messages"]["mail"]
    assert waiting > 0 and document["held_messages"] == 0 and states(tmp_path / "a")[0] == {"pending": waiting}
    held = shell(["restore", backup, "--into", tmp_path / "b", "--hold-messages"])
    assert f"{waiting} mails waited to leave. They are held" in held.stdout
    found, acts = states(tmp_path / "b")
    assert found == {"parked": waiting} and "messages.held" in acts


def test_beside_another_address_they_are_held_unless_sent_on_purpose(data, backup, tmp_path, monkeypatch):
    monkeypatch.setenv("HOUBLON_BASE_URL", "https://essai.example")
    held = shell(["restore", backup, "--into", tmp_path / "a"])
    assert "for this copy was made at another address" in held.stdout
    assert set(states(tmp_path / "a")[0]) == {"parked"}
    assert shell(["restore", backup, "--into", tmp_path / "b", "--send-messages"]).exit_code == 0
    assert set(states(tmp_path / "b")[0]) == {"pending"}


def test_a_held_message_says_why_and_is_sent_again_from_its_page(data, backup, template, tmp_path):
    shell(["restore", backup, "--into", tmp_path / "a", "--hold-messages"])
    place = open_place(tmp_path / "a", template[1])
    client = place.signed_in(ADMIN)
    page = client.get("/messages?etat=parked").get_data(as_text=True)
    assert "Retenu quand une copie a été restaurée" in page and HELD not in page
    place.house.close()


def test_a_ledger_that_pg_restore_brought_back_is_asked_the_same_in_its_place(tmp_path, monkeypatch):
    data, environ = tmp_path / "data", {databases.SETTING: databases.database("reviving")}
    make_folder(data, environ)
    monkeypatch.setenv(databases.SETTING, environ[databases.SETTING])
    house = open_house(settings_of(data, environ), now=lambda: NOW)
    body = json.dumps(order("PO-1")).encode()
    receive(house.services, body, read_order(body), source="essai", at=NOW, webhook_id="m-1")
    done = shell(["restore", "--next-number", "F-2021-00009", "--hold-messages", "--data", data, "--json"])
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["next_numbers"] == ["F-2021-00009"] and told["held_messages"] == told["pending_messages"]["mail"] > 0
    with house.services.ledger.reading() as connection:
        assert connection.execute(select(outbox.c.error)).scalars().all() == [HELD]
    house.close()
    assert shell(["check", "--data", data]).exit_code == 0
