"""The alerts of deploy/: each fires on what it is for, none on a healthy day, and what they read is on `/metrics`."""

import re
import shutil
import subprocess
from datetime import timedelta

import pytest
import yaml
from prometheus_client.utils import floatToGoString

from houblon.orders.db import tables
from houblon.orders.events.endpoints import Wanted, add_endpoint
from houblon.orders.events.feed import feed
from houblon.web.foundation import metrics
from houblon.web.telemetry.upkeep import note_upkeep
from tests.clock import NOW
from tests.deploy.proxies import DEPLOY
from tests.web.conftest import place, template  # noqa: F401
from tests.web.houses import order, shell

RULES = DEPLOY / "alerts.yml"
ALERTS = re.findall(r"alert: (\w+)", RULES.read_text())
EXPRESSIONS = re.findall(r"expr: (.*)", RULES.read_text())
HERE = 'job="houblon",instance="a:8000"'
# An hour of minutes: `started+stepxtimes` is Prometheus' own way to write a series.
HEALTHY = {
    f"up{{{HERE}}}": "1x300",
    f'houblon_request_seconds_count{{{HERE},status="200",route="/"}}': "0+600x300",
    f'houblon_request_seconds_count{{{HERE},status="503",route="/"}}': "0+1x300",
    f'houblon_request_seconds_bucket{{{HERE},route="/webhooks/orders",le="0.1"}}': "0+600x300",
    f'houblon_request_seconds_bucket{{{HERE},route="/webhooks/orders",le="2.5"}}': "0+600x300",
    f'houblon_request_seconds_bucket{{{HERE},route="/webhooks/orders",le="+Inf"}}': "0+600x300",
    f"houblon_database_errors_total{{{HERE}}}": "3x300",
    f"process_start_time_seconds{{{HERE}}}": "5x300",
    f"process_open_fds{{{HERE}}}": "80x300",
    f"process_max_fds{{{HERE}}}": "1024x300",
    f"houblon_disk_free_bytes{{{HERE}}}": "50000000000x300",
    f"houblon_disk_size_bytes{{{HERE}}}": "100000000000x300",
    f'houblon_outbox_oldest_seconds{{{HERE},kind="mail"}}': "20x300",
    f'houblon_outbox_messages{{{HERE},kind="mail",state="parked"}}': "2x300",
    f'houblon_endpoint_resting{{{HERE},endpoint="ep_1"}}': "0x300",
    f'houblon_source_last_call_timestamp_seconds{{{HERE},source="boutique"}}': "0+60x300",
    f'houblon_webhooks_total{{{HERE},kind="standard",result="unsigned"}}': "0x300",
    f'houblon_refused_calls_oldest_seconds{{{HERE},source="boutique"}}': "60x300",
    f'houblon_refused_calls_dropped{{{HERE},source="boutique"}}': "0x300",
    f"houblon_orders_held{{{HERE}}}": "3x300",
    f"houblon_orders_held_oldest_seconds{{{HERE}}}": "4000x300",
    f"houblon_last_backup_timestamp_seconds{{{HERE}}}": "0x300",
    f"houblon_last_check_timestamp_seconds{{{HERE}}}": "0x300",
}
# What is otherwise on a bad day, and how many minutes until the alert fires.
BAD = {
    "HoublonDown": ({"up": "0x300"}, 3),
    "HoublonFails": ({'status="503"': "0+60x300"}, 20),
    "HoublonSlow": ({'le="0.1"': "0+1x300"}, 40),
    "HoublonDatabaseErrors": ({"database_errors": "3+2x300"}, 20),
    "HoublonRestarts": ({"process_start_time": "5+1x300"}, 40),
    "HoublonOutOfFiles": ({"process_open_fds": "1000x300"}, 10),
    "HoublonDiskFull": ({"disk_free": "500000000x300"}, 20),
    "HoublonMailWaits": ({'kind="mail"}': "2000x300"}, 10),
    "HoublonMessagesGivenUp": ({'state="parked"': "2+1x300"}, 20),
    "HoublonEndpointSilent": ({"endpoint_resting": "1x300"}, 70),
    "HoublonCallsRefused": ({"refused_calls_oldest": "4000x300"}, 5),
    "HoublonCallsDropped": ({"refused_calls_dropped": "0+3x300"}, 20),
    "HoublonSourceSilent": ({"source_last": "60x5000"}, 4400),
    "HoublonUnsigned": ({'result="unsigned"': "0+5x300"}, 30),
    "HoublonOrdersHeld": ({"held_oldest": "90000x300"}, 5),
    "HoublonNoBackup": ({"last_backup": "1x1700"}, 1660),
    "HoublonNoCheck": ({"last_check": "1x12000"}, 11700),
}


def judged(tmp_path, series, minute, alert):
    """What Prometheus says where an alert is expected not to fire at a minute; its rule as it stands, and no other."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alone = [{**group, "rules": [each for each in group["rules"] if each["alert"] == alert]} for group in groups]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [group for group in alone if group["rules"]]}))
    given = "".join(f"      - series: '{name}'\n        values: '{values}'\n" for name, values in series.items())
    (tmp_path / "judged.yml").write_text(
        "rule_files: [alerts.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n"
        f"{given}    alert_rule_test:\n      - eval_time: {minute}m\n        alertname: {alert}\n        exp_alerts: []\n"
    )
    found = subprocess.run(["promtool", "test", "rules", str(tmp_path / "judged.yml")], capture_output=True, text=True)
    return found.stdout + found.stderr


with_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed on this machine")


@with_promtool
def test_prometheus_takes_the_rules():
    assert subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True).returncode == 0


@with_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_fires_on_what_it_is_for_and_not_on_a_healthy_day(tmp_path, alert):
    changes, minute = BAD[alert]
    bad = {}
    for name, values in HEALTHY.items():
        bad[name] = next((value for part, value in changes.items() if part in name), values)
    assert bad != HEALTHY
    # Told that nothing fires, promtool says what does.
    told = judged(tmp_path, bad, minute, alert)
    assert "FAILED" in told and f'alertname="{alert}"' in told, told
    assert "SUCCESS" in judged(tmp_path, HEALTHY, min(minute, 250), alert)


def test_each_alert_is_tried_here():
    assert set(ALERTS) == set(BAD) and len(EXPRESSIONS) == len(ALERTS)


def test_whatever_an_alert_reads_is_on_metrics(place, tmp_path):
    place.send(order("PO-1"), "m-1")
    text = place.client().get("/metrics").get_data(as_text=True)
    served = set(re.findall(r"^# TYPE (\w+)", text, re.M)) | set(re.findall(r"^(\w+)", text, re.M))
    read = {name for each in EXPRESSIONS for name in re.findall(r"\b(?:houblon|process)_\w+", each)}
    assert read - served == set() and len(read) > 12


def test_metrics_tell_what_somebody_is_woken_for(place):
    def at(connection):
        return add_endpoint(connection, Wanted("https://erp.example/h", ("order.accepted",)), bytes, NOW)[0]

    id = place.house.services.ledger.write(at)
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=1), "m-2")
    place.send({**order("PO-3"), "buyer": {}}, "m-3")
    feed(place.house.services.ledger, NOW)
    note_upkeep(place.house.settings.data, backup=NOW - timedelta(hours=1))
    place.house.services.ledger.write(
        lambda c: c.execute(tables.endpoints.update().values(rests=1, rests_until=NOW + timedelta(minutes=1)))
    )
    lines = place.client().get("/metrics").get_data(as_text=True).splitlines()
    for expected in (
        # What is owed to a buyer, and to the team of a call that was refused.
        'houblon_outbox_messages{kind="mail",state="pending"} 2.0',
        'houblon_outbox_messages{kind="webhook",state="pending"} 1.0',
        f'houblon_endpoint_pending{{endpoint="{id}"}} 1.0',
        f'houblon_endpoint_resting{{endpoint="{id}"}} 1.0',
        "houblon_orders_held 1.0",
        'houblon_refused_calls{source="essai"} 1.0',
        'houblon_refused_calls_oldest_seconds{source="essai"} 0.0',
        f'houblon_source_last_call_timestamp_seconds{{source="essai"}} {floatToGoString(NOW.timestamp())}',
        "houblon_last_check_timestamp_seconds 0.0",
    ):
        name = expected.rpartition(" ")[0]
        assert expected in lines, [each for each in lines if each.startswith(name.partition("{")[0])]
    assert any(each.startswith("houblon_build_info{") for each in lines)
    assert any(each.startswith("process_resident_memory_bytes ") for each in lines)


def test_no_metric_grows_with_groups_or_versions():
    assert metrics.DECISIONS._labelnames == ("door", "outcome")


def test_a_check_that_went_well_and_a_backup_are_noted(place, tmp_path):
    data = place.house.settings.data
    assert shell(["check", "--data", data]).exit_code == 0
    assert shell(["backup", tmp_path / "safe.tar", "--data", data]).exit_code == 0
    text = place.client().get("/metrics").get_data(as_text=True)
    for name in ("backup", "check"):
        assert float(re.search(rf"^houblon_last_{name}_timestamp_seconds (\S+)$", text, re.M)[1]) > 0
