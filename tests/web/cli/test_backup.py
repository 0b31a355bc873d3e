"""`houblon backup` while writers hammer, and `houblon restore` of what it wrote."""

import io
import json
import re
import tarfile
import threading
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from houblon.orders.db.migrate import newest_revision
from houblon.orders.db.tables import decisions, orders
from houblon.orders.handling.receive import receive
from houblon.orders.intake.decode import read_order
from houblon.rules.model.statements import Edit
from houblon.rules.publishing.publish import publish
from houblon.web.cli.backup import back_up, restore_backup
from houblon.web.cli.check import check_installation
from houblon.web.foundation.composition import open_house
from tests import databases
from tests.clock import NOW
from tests.web.houses import copy_of, order, settings_of, shell


@pytest.fixture
def data(template, tmp_path):
    return copy_of(template[0], tmp_path / "data")


@pytest.fixture
def backed_up(data, tmp_path):
    (data / "mail").mkdir()
    (data / "mail" / "lettre.eml").write_text("un lien qui ouvre un compte")
    back_up(settings_of(data), tmp_path / "backup.tar", NOW)
    return tmp_path / "backup.tar"


def houblon(*arguments):
    return shell([str(each) for each in arguments])


def test_backups_taken_while_orders_and_versions_come_in_are_whole_and_pass_the_check(data, tmp_path):
    house = open_house(settings_of(data), now=lambda: NOW)
    stop, answered = threading.Event(), []

    def orders_come(sender):
        for number in count():
            if stop.is_set():
                return
            id = f"{sender}-{number}"
            body = json.dumps(order(id, items=24 - number % 2)).encode()
            received = receive(house.services, body, read_order(body), source="essai", at=house.now(), webhook_id=id)
            answered.append((id, received.document["version"]))

    def versions_come():
        for number in count():
            if stop.is_set():
                return
            newest = house.store.newest().number
            tous = house.store.content(newest).groups["tous"].document
            changed = {**tous, "settings": {**tous["settings"], "acceptance.minimum_items": 12 + number % 12}}
            at = NOW + timedelta(microseconds=-1)
            publish(house.store, [Edit("group", "tous", changed)], author="marie", note="", at=at, base=newest)

    threads = [threading.Thread(target=orders_come, args=(sender,)) for sender in range(3)]
    threads.append(threading.Thread(target=versions_come))
    for thread in threads:
        thread.start()
    before = []
    for number in range(3):
        told = len(answered)
        back_up(house.settings, tmp_path / f"{number}.tar.gz", NOW)
        before.append(answered[:told])
    stop.set()
    for thread in threads:
        thread.join()
    house.close()
    for number, known in enumerate(before):
        restored = tmp_path / f"restored-{number}"
        restore_backup(tmp_path / f"{number}.tar.gz", restored, NOW)
        again = open_house(settings_of(restored), now=lambda: NOW)
        with again.services.ledger.reading() as connection:
            kept = set(connection.execute(select(orders.c.order_id)).scalars())
            named = connection.execute(select(decisions.c.version)).scalars().all()
        assert {id for id, _ in known} <= kept
        assert max(named, default=1) <= again.store.newest().number
        assert check_installation(again).problems == ()
        again.close()
    assert len({version for _, version in answered}) > 1


@databases.in_a_file
def test_a_restored_installation_is_the_same_and_its_secrets_are_its_owner_s_alone(data, backed_up, tmp_path):
    into = tmp_path / "elsewhere" / "data"
    result = houblon("restore", backed_up, "--into", into, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["ledger_revision"] == newest_revision() and told["kept_aside"] is None
    for name in ("secret.key", "installation.json", "rules.json", "rules.json.1"):
        assert (into / name).read_bytes() == (data / name).read_bytes()
    for path in (backed_up, into / "secret.key", into / "ledger.db"):
        assert path.stat().st_mode & 0o077 == 0
    assert houblon("export", "--data", into).stdout == houblon("export", "--data", data).stdout
    assert houblon("check", "--data", into).exit_code == 0


def test_a_mail_that_was_written_is_in_no_backup(backed_up):
    with tarfile.open(backed_up) as kept:
        names = kept.getnames()
    assert len(names) > 3 and not [name for name in names if "mail" in name]


def test_a_folder_that_is_not_empty_is_kept_unless_replaced_and_then_it_is_kept_aside(data, backed_up):
    (data / "note.txt").write_text("mine")
    refused = houblon("restore", backed_up, "--data", data)
    assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "not_empty"
    replaced = houblon("restore", backed_up, "--data", data, "--replace", "--json")
    aside = json.loads(replaced.stdout)["kept_aside"]
    assert not (data / "note.txt").exists() and houblon("check", "--data", data).exit_code == 0
    assert houblon("restore", "--into", aside).exit_code == 1  # without FILE: the rules are whole
    assert (data.parent / aside / "note.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("member", "harm"),
    [
        pytest.param(member, harm, marks=[databases.in_a_file] if member == "ledger.db" else [])
        for member in ("manifest.json", "ledger.db", "rules.json", "secret.key")
        for harm in ("changed", "gone", "twice")
        if (member, harm) != ("manifest.json", "twice")  # the first one is the one that counts
    ],
)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_is_touched(backed_up, tmp_path, member, harm):
    harmed = tmp_path / "harmed.tar"
    with tarfile.open(backed_up) as before, tarfile.open(harmed, "w") as after:
        for each in before:
            content = before.extractfile(each).read()
            if each.name == member and harm == "gone":
                continue
            if each.name == member and harm == "changed":
                middle = len(content) // 2
                content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            for _ in range(2 if each.name == member and harm == "twice" else 1):
                after.addfile(each, io.BytesIO(content))
    into = tmp_path / "new"
    refused = houblon("restore", harmed, "--into", into)
    assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "backup"
    assert not into.exists() and not list(tmp_path.glob("*.restoring"))


def test_a_backup_cut_short_or_no_backup_at_all_is_refused(backed_up, tmp_path):
    for content in (backed_up.read_bytes()[:-20_000], b"", b"not a tar" * 1_000):
        (tmp_path / "bad.tar").write_bytes(content)
        refused = houblon("restore", tmp_path / "bad.tar", "--into", tmp_path / "new")
        assert refused.exit_code == 1 and json.loads(refused.stderr)["errors"][0]["code"] == "backup"


def test_a_name_that_leads_out_of_the_folder_is_refused(backed_up, tmp_path):
    with tarfile.open(backed_up) as before:
        manifest = json.loads(before.extractfile("manifest.json").read())
    manifest["files"] = [{**manifest["files"][0], "path": "../out"}]
    document = json.dumps(manifest).encode()
    with tarfile.open(tmp_path / "evil.tar", "w") as archive:
        for name, content in (("manifest.json", document), ("../out", b"x")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert houblon("restore", tmp_path / "evil.tar", "--into", tmp_path / "deep" / "new").exit_code == 1
    assert not (tmp_path / "deep" / "out").exists() and not (tmp_path / "out").exists()


def test_a_backup_is_never_written_over_another_or_into_what_it_backs_up(data, backed_up):
    before = backed_up.read_bytes()
    assert houblon("backup", backed_up, "--data", data).exit_code == 1
    assert backed_up.read_bytes() == before
    assert houblon("backup", data / "inside.tar", "--data", data).exit_code == 1
    assert not (data / "inside.tar").exists()


def test_migrate_says_from_where_to_where_and_check_leaves_with_one_when_behind(data):
    told = json.loads(houblon("migrate", "--check", "--json", "--data", data).stdout)
    assert told == {"from": newest_revision(), "to": newest_revision(), "behind": False, "upgraded": False}


@databases.in_a_file
def test_an_installation_that_is_behind_is_upgraded_by_migrate(template, tmp_path):
    from houblon.orders.db.ledger import Ledger, make_file
    from houblon.orders.db.migrate import revisions
    from tests.orders.db.earlier import make_earlier

    folder = copy_of(template[0], tmp_path / "data")
    for left in folder.glob("ledger.db*"):
        left.unlink()
    profile = json.loads((folder / "installation.json").read_text())
    del profile["id"]  # as it was written then
    (folder / "installation.json").write_text(json.dumps(profile))
    first = revisions()[0]
    make_file(f"sqlite:///{folder}/ledger.db")
    ledger = Ledger(f"sqlite:///{folder}/ledger.db")
    ledger.write(lambda connection: make_earlier(connection, first))
    ledger.close()
    asked = houblon("migrate", "--check", "--json", "--data", folder)
    assert asked.exit_code == 1 and json.loads(asked.stdout)["from"] == first
    done = json.loads(houblon("migrate", "--json", "--data", folder).stdout)
    assert done == {"from": first, "to": newest_revision(), "behind": True, "upgraded": True}
    assert houblon("migrate", "--check", "--data", folder).exit_code == 0
    assert re.fullmatch("[0-9a-f]{32}", json.loads((folder / "installation.json").read_text())["id"])
