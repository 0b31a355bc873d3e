"""An installation and its two stores: what is missing is missed, what is another's refused, what is lost named."""

import json
import shutil
import sqlite3
from contextlib import closing

import msgspec
import pytest
from click.testing import CliRunner

from houblon.orders.db.ledger import Ledger, make_file
from houblon.orders.db.migrate import newest_revision, upgrade
from houblon.rules.store.twin import twin_of
from houblon.web.app.serve import prepare
from houblon.web.cli.main import main
from houblon.web.foundation.composition import open_house
from houblon.web.foundation.data_folder import MARK, read_profile, write_profile
from houblon.web.foundation.opening import Migrating
from houblon.web.foundation.settings import Settings
from tests import databases
from tests.web.houses import SEED, copy_of, open_place, order

# Its twin, test_stores_postgresql, asks the same of PostgreSQL.
pytestmark = databases.in_a_file
COMMANDS = (["serve", "--port", "0"], ["check"], ["backup", "{safe}"], ["export"], ["source", "list"], ["migrate"])


@pytest.fixture
def data(template, tmp_path):
    return copy_of(template[0], tmp_path / "data")


def houblon(*arguments, data, environ=None):
    return CliRunner().invoke(main, [*map(str, arguments), "--data", str(data)], env=environ)


def told(result):
    """The one Problem of a refused command; a traceback has none."""
    assert result.exit_code == 1, result.output
    (problem,) = json.loads(result.stderr)["errors"]
    return problem["code"], problem["message"]


def refused_by_all(data, tmp_path, environ=None):
    """What every command says, which is the same; and none makes a file of a backup."""
    safe, found = tmp_path / "safe.tar", set()
    for command in COMMANDS:
        found.add(told(houblon(*(each.format(safe=safe) for each in command), data=data, environ=environ)))
        assert not safe.exists()
    (only,) = found
    return only


def publish(data, tmp_path, items):
    """Another version, by the shell."""
    bundle = json.loads(json.dumps(SEED))
    bundle["groups"][0]["settings"]["acceptance.minimum_items"] = items
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    result = houblon("import", tmp_path / "bundle.json", "--publish", "--json", data=data)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)["version"]


def rot(path):
    """One wrong byte in a file, and in nothing that shares its bytes with it."""
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.unlink()
    path.write_bytes(whole)


# The ledger


@pytest.mark.parametrize("left", ["nothing", "an empty file", "an empty database"])
def test_a_ledger_that_is_gone_is_missed_and_none_is_made(data, tmp_path, left):
    for path in data.glob("ledger.db*"):
        path.unlink()
    if left == "an empty file":
        (data / "ledger.db").touch()
    elif left == "an empty database":
        with closing(sqlite3.connect(data / "ledger.db")) as empty:
            empty.execute("VACUUM")
    before = {path.name: path.stat().st_size for path in data.glob("ledger.db")}
    code, message = refused_by_all(data, tmp_path)
    assert code == ("ledger_missing" if left == "nothing" else "ledger_empty")
    assert "houblon restore" in message and "HOUBLON_DATABASE_URL" in message and str(data) in message
    assert left != "nothing" or before == {path.name: 0 for path in data.glob("ledger.db")}


@pytest.mark.parametrize("is_old", [False, True], ids=["with an id", "of before there were ids"])
def test_another_installation_s_ledger_is_refused_and_not_touched(data, tmp_path, is_old):
    other = tmp_path / "other"
    assert houblon("init", data=other).exit_code == 0
    if is_old:
        forget_ids(data), forget_ids(other)
    before = (other / "ledger.db").read_bytes()
    code, message = refused_by_all(data, tmp_path, {"HOUBLON_DATABASE_URL": f"sqlite:///{other}/ledger.db"})
    assert code == "ledger_other" and "houblon restore" in message and "HOUBLON_DATABASE_URL" in message
    assert (other / "ledger.db").read_bytes() == before


def test_a_ledger_that_an_earlier_houblon_made_by_mistake_is_not_taken_for_the_installation_s(data, tmp_path):
    """Its versions are those of the rules, and orders may be in it: but nobody has an account there."""
    forget_ids(data)
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        ledger.execute("DELETE FROM roles_users")
        ledger.execute("DELETE FROM accounts")
        ledger.commit()
    assert refused_by_all(data, tmp_path)[0] == "ledger_other"


def forget_ids(data):
    """Make an installation as it was before there were ids, when the rules were kept once too."""
    twin_of(data / "rules.json").unlink()
    write_profile(data, msgspec.structs.replace(read_profile(data), id=None))
    path, earlier = data / "ledger.db", data / "earlier.db"
    ledger = Ledger(make_file(url := f"sqlite:///{earlier}") or url)
    ledger.write(lambda connection: upgrade(connection, "0015"))
    ledger.close()
    with closing(sqlite3.connect(earlier)) as ledger:
        ledger.execute("ATTACH ? AS now", (str(path),))
        for (table,) in ledger.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            columns = {column for _, column, *_ in ledger.execute(f"PRAGMA main.table_info({table})")}
            columns &= {column for _, column, *_ in ledger.execute(f"PRAGMA now.table_info({table})")}
            if table != "alembic_version" and columns:
                named = ", ".join(f'"{column}"' for column in sorted(columns))
                ledger.execute(f"INSERT OR IGNORE INTO main.{table} ({named}) SELECT {named} FROM now.{table}")
        ledger.commit()
    for file in data.glob("ledger.db*"):
        file.unlink()
    for file in data.glob("earlier.db*"):
        file.rename(data / file.name.replace("earlier", "ledger"))


@pytest.mark.parametrize("crash", ["no", "after the ledger", "after the profile"])
def test_an_installation_of_before_there_were_ids_gets_one_at_migrate(data, crash):
    id = read_profile(data).id
    forget_ids(data)
    if crash == "after the profile":
        write_profile(data, msgspec.structs.replace(read_profile(data), id=id))
    elif crash == "after the ledger":
        open_house(Settings.from_env({}, data), migrating=Migrating.ALONE).close()
        write_profile(data, msgspec.structs.replace(read_profile(data), id=None))
    assert houblon("migrate", "--check", data=data).exit_code == 1
    assert read_profile(data).id == (id if crash == "after the profile" else None), "a check changes nothing"
    assert twin_of(data / "rules.json").exists() == (crash == "after the ledger"), "here neither"
    assert json.loads(houblon("migrate", "--json", data=data).stdout)["to"] == newest_revision()
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        assert ledger.execute("SELECT id FROM installation").fetchall() == [(read_profile(data).id,)]
    assert houblon("migrate", "--check", data=data).exit_code == 0
    assert houblon("check", data=data).exit_code == 0
    assert twin_of(data / "rules.json").read_bytes() == (data / "rules.json").read_bytes()


def test_a_ledger_that_is_removed_under_a_server_is_not_made_anew(data, template):
    place = open_place(data, template[1])
    assert place.send(order("A"), "a").status_code == 200
    place.house.services.ledger.engine.dispose(), place.house.services.ledger.write_engine.dispose()
    for path in data.glob("ledger.db*"):
        path.unlink()
    assert place.client().get("/readyz").status_code == 503
    assert not (data / "ledger.db").exists()
    place.house.close()


# The two files beside the stores


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "secret_missing"),
        (b"", "secret_short"),
        (b"x" * 31, "secret_short"),
        (b"\xff" * 40, "secret_unreadable"),
        (bytes(43), "secret_unreadable"),  # what a disk gives back after a power cut
    ],
)
def test_a_secret_that_is_none_is_refused_by_every_command(data, tmp_path, content, code):
    (data / "secret.key").unlink()
    if content is not None:
        (data / "secret.key").write_bytes(content)
    for command in (each for each in COMMANDS if each != ["migrate"]):
        said = told(houblon(*(each.format(safe=tmp_path / "safe.tar") for each in command), data=data))
        assert said[0] == code and f"{data}/secret.key" in said[1] and "houblon restore" in said[1]
    assert content is not None or not (data / "secret.key").exists()


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", "truncated"),
        (b'{"timezone": "America/Toronto",}', "trailing comma"),
        (b'{"timezone": "America/Montrel"}', "America/Montrel"),
        (b'{"timezone": "../../etc/passwd"}', "etc/passwd"),
        (b'{"timezone": "America"}', "$.timezone"),
        (b'{"timezone": ""}', "$.timezone"),
        (b'{"currency": 5}', "$.currency"),
        (b'{"currency": "dollars"}', "$.currency"),
        (b'{"seller": {"name": null}}', "$.seller.name"),
        (b'{"id": "../x"}', "$.id"),
        (b'"\xff"', "installation.json"),
        (b"[]", "installation.json"),
        (b'{"x":' * 100_000, "installation.json"),
        (b"{}", "$.timezone"),
        (b'{"timezone": "America/Toronto", "currency": "CAD"}', "$.seller"),
        (b'{"timezone": "America/Toronto", "currency": "CAD", "seller": {"name": "B"}}', "$.seller."),
    ],
)
def test_a_damaged_profile_is_named_with_what_is_wrong_and_the_way_out(data, tmp_path, content, names):
    (data / "installation.json").write_bytes(content)
    code, message = refused_by_all(data, tmp_path)
    assert code == "profile" and f"{data}/installation.json" in message and "houblon restore" in message
    assert names in message


@pytest.mark.parametrize("name", ["timezone", "currency", "seller", "seller.prefix", "approval"])
def test_a_setting_that_is_missing_or_misspelt_is_missed_and_not_guessed(data, tmp_path, name):
    document = json.loads((data / "installation.json").read_text())
    place = document["seller"] if name.startswith("seller.") else document
    place[f"{name}x".rpartition(".")[2]] = place.pop(name.rpartition(".")[2])
    (data / "installation.json").write_text(json.dumps(document))
    code, message = refused_by_all(data, tmp_path)
    assert code == "profile" and f"$.{name}" in message and "houblon restore" in message


def test_a_profile_that_is_damaged_under_a_server_changes_nothing_there(data, template):
    place = open_place(data, template[1])
    before = place.house.profile
    (data / "installation.json").write_bytes(b"{")
    assert place.house.profile == before and place.send(order("A"), "a").status_code == 200
    write_profile(data, msgspec.structs.replace(before, currency="EUR"))
    assert place.house.profile.currency == "EUR"
    place.house.close()


# A folder that holds something


@pytest.mark.parametrize("gone", [[], ["ledger.db"], ["rules.json"]])
def test_init_touches_nothing_where_only_the_profile_is_gone(data, tmp_path, gone):
    for name in ("installation.json", *gone):
        (data / name).unlink()
    before = {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()}
    for command in (["init"], ["init", "--demo"]):
        code, message = told(houblon(*command, data=data))
        assert code == "holds_data" and "houblon restore" in message
    assert {path.name: path.read_bytes() for path in data.iterdir() if path.is_file()} == before
    code, message = refused_by_all(data, tmp_path)
    assert code == "notinitialised" and "houblon restore" in message and "houblon init" not in message


def test_init_refuses_a_ledger_elsewhere_that_is_somebody_s(data, tmp_path):
    environ = {"HOUBLON_DATABASE_URL": f"sqlite:///{data}/ledger.db"}
    before = (data / "ledger.db").read_bytes()
    for _ in range(2):  # the mark of the first is no proof for the second
        assert told(houblon("init", data=tmp_path / "new", environ=environ))[0] == "holds_data"
    assert (data / "ledger.db").read_bytes() == before


class PowerCut(BaseException):
    """Nothing answers it, as nothing answers a power cut."""


STEPS = [
    "houblon.web.cli.installation.write_secret",
    "houblon.web.cli.installation.begin_ledger",
    "houblon.web.cli.installation.open_store",
    "houblon.web.cli.installation.publish",
    "houblon.web.cli.installation.note_versions",
    "houblon.web.cli.installation.write_profile",
]


@pytest.mark.parametrize("step", STEPS)
def test_an_init_that_ended_anywhere_is_begun_anew_and_what_it_left_is_kept_aside(tmp_path, monkeypatch, step):
    folder = tmp_path / "data"

    def cut(*_, **__):
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(step, cut)
        with pytest.raises(PowerCut):
            houblon("init", data=folder)
    left = {path.name for path in folder.iterdir()}
    made = houblon("init", "--json", data=folder)
    assert made.exit_code == 0, made.stderr
    assert houblon("check", data=folder).exit_code == 0 and not (folder / MARK).exists()
    kept = {path.name for aside in folder.glob("unfinished-*") for path in aside.iterdir()}
    assert {name for name in left if name.startswith(("ledger.db", "secret.key"))} <= kept
    assert ("rules.json" in left) == ("rules.json" in kept)


def test_an_empty_secret_of_a_full_disk_is_not_kept(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "secret.key").touch()
    assert told(houblon("init", data=folder))[0] == "secret_short"
    (folder / "secret.key").unlink()
    assert houblon("init", data=folder).exit_code == 0 and len((folder / "secret.key").read_text()) >= 32


def test_a_mark_that_outlived_its_init_is_no_leave_to_move_an_installation_s_data(data):
    (data / MARK).write_text('{"id": "0123"}')
    with closing(open_house(Settings.from_env({}, data))):
        assert not (data / MARK).exists()
    (data / MARK).write_text('{"id": "0123"}')
    (data / "installation.json").unlink()
    before = (data / "ledger.db").read_bytes()
    assert told(houblon("init", data=data))[0] == "holds_data"
    assert (data / "ledger.db").read_bytes() == before and not list(data.glob("unfinished-*"))


# Two stores that know each other's versions


def test_one_wrong_byte_in_the_rules_loses_nothing_and_is_said(data, tmp_path):
    assert publish(data, tmp_path, 30) == 3
    before = houblon("export", data=data).stdout
    rot(data / "rules.json")
    assert houblon("export", data=data).stdout == before
    code, message = told(houblon("check", data=data))
    assert code == "rules_file" and "rules.json" in message and "houblon restore" in message
    restored = houblon("restore", "--json", data=data)
    assert json.loads(restored.stdout) == {"generation": restored_generation(data), "given_up": []}
    assert houblon("check", data=data).exit_code == 0 and houblon("export", data=data).stdout == before
    rot(data / "rules.json")
    assert "rules.json is damaged" in "".join(prepare(Settings.from_env({}, data)))
    assert houblon("check", data=data).exit_code == 0
    assert told(houblon("restore", data=data))[0] == "whole"


def test_rules_of_which_nothing_is_left_are_told_by_check(data):
    for path in data.glob("rules.json*"):
        path.unlink()
    assert told(houblon("check", data=data))[0] == "rules_lost"


def restored_generation(data):
    return json.loads((data / "rules.json").read_bytes().split(b"\n", 1)[0])["generation"]


def lose_the_newest(data, how):
    if how == "damaged":
        rot(data / "rules.json"), rot(twin_of(data / "rules.json"))
    elif how == "gone":
        (data / "rules.json").unlink(), twin_of(data / "rules.json").unlink()
    else:  # somebody put an earlier one there
        earlier = max(data.glob("rules.json.[0-9]*"), key=lambda path: int(path.suffix[1:]))
        shutil.copy(earlier, data / "rules.json")


@pytest.mark.parametrize("how", ["damaged", "gone", "put back"])
def test_rules_that_went_back_are_not_served_until_the_loss_is_accepted_and_numbers_go_on(data, tmp_path, how):
    assert publish(data, tmp_path, 30) == 3
    lose_the_newest(data, how)
    if how == "put back":
        code, message = told(houblon("serve", "--port", "0", data=data))
        assert code == "rules_lost" and "version 3 published at" in message and "--accept-loss" in message
        assert "rules_lost" in {each["code"] for each in json.loads(houblon("check", data=data).stderr)["errors"]}
        assert told(houblon("backup", tmp_path / "safe.tar", data=data))[0] == "rules_lost"
    before = {path.name: path.read_bytes() for path in data.glob("rules.json*")}
    code, message = told(houblon("restore", data=data))
    assert code == "rules_lost" and "version 3 published at" in message
    assert {path.name: path.read_bytes() for path in data.glob("rules.json*")} == before, "asked first, nothing done"

    done = json.loads(houblon("restore", "--accept-loss", "--json", data=data).stdout)
    assert done["given_up"] == [3]
    assert houblon("check", data=data).exit_code == 0
    prepare(Settings.from_env({}, data))
    assert publish(data, tmp_path, 31) == 4
    assert houblon("check", data=data).exit_code == 0
    with closing(sqlite3.connect(data / "ledger.db")) as ledger:
        acts = ledger.execute("SELECT subject FROM audit WHERE act = 'policy.given_up'").fetchall()
    assert acts == [("v3",)]


def test_another_version_under_a_number_that_the_ledger_knows_is_refused(data, tmp_path):
    lose = data / "rules.json"
    assert publish(data, tmp_path, 30) == 3
    shutil.copytree(data, tmp_path / "fork")
    lose_the_newest(tmp_path / "fork", "put back")
    twin_of(tmp_path / "fork" / "rules.json").unlink()
    with closing(sqlite3.connect(tmp_path / "fork" / "ledger.db")) as ledger:
        ledger.execute("DROP TRIGGER audit_no_delete")
        ledger.execute("DELETE FROM audit WHERE subject = 'v3'")
        ledger.commit()
    assert publish(tmp_path / "fork", tmp_path, 31) == 3
    shutil.copy(tmp_path / "fork" / "rules.json", lose)
    code, message = told(houblon("serve", "--port", "0", data=data))
    assert code == "rules_lost" and "version 3" in message
    assert json.loads(houblon("restore", "--accept-loss", "--json", data=data).stdout)["given_up"] == [3]
    assert publish(data, tmp_path, 32) == 4


# The database itself
