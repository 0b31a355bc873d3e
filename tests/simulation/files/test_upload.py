"""Files of orders: what was written is what is read, and what can't be read is told where it stands."""

import random
from datetime import date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houblon.engine.core.order import read_facts
from houblon.engine.core.problem import Invalid
from houblon.orders.cell_values import Unread, decimal_of, guess_day_order, guess_mark, moment_of, truth_of
from houblon.rules.policies import Policies
from houblon.simulation.compare.query import Plan
from houblon.simulation.facts.fill import fill_sheet
from houblon.simulation.facts.sheet import connect
from houblon.simulation.files.orders import Orders
from houblon.simulation.files.preview import read_preview
from houblon.simulation.files.reading import AMOUNTS, RATES, Reading, check_reading, guess_reading
from houblon.simulation.files.rows import Names
from houblon.simulation.files.upload import open_upload, receive
from houblon.simulation.report.report import report
from tests import cases
from tests.clock import NOW
from tests.engine.oracle.generated import random_order
from tests.engine.policy.policies import INSTALLATION, ZONE
from tests.simulation.contents import content, decided, group
from tests.simulation.files import files
from tests.simulation.files.files import ENGLISH, FRENCH, NOBODY, orders_in, read, read_here

SHORT = b"commande;date;client;articles;total\n"


def some_orders(seed, count=6):
    chance = random.Random(seed)
    return [told_by_a_file(random_order(chance, complete=False), f"PO-{n}") for n in range(count)]


def told_by_a_file(order, id):
    """The order without what no column of a file says."""
    buyer = msgspec.structs.replace(order.buyer, country=None)
    return msgspec.structs.replace(order, id=id, buyer=buyer, charges=None, payment=None)


def same(orders, found):
    """The rules read the same of both."""
    assert [each.order.id for each in found] == [each.id for each in orders]
    for order, taken in zip(orders, found, strict=True):
        assert read_facts(taken.order, (), ZONE) == read_facts(order, (), ZONE)
        assert (taken.accepted_at, taken.omitted) == (order.placed_at, frozenset())
        assert taken.order.planned_delivery == order.planned_delivery


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    words=st.sampled_from([FRENCH, ENGLISH]),
    mark=st.sampled_from([",", "."]),
    days=st.sampled_from(["iso", "dmy", "mdy"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_a_csv_is_read_back_as_it_was_written(tmp_path_factory, seed, words, mark, days, delimiter, encoding):
    orders = some_orders(seed)
    if encoding == "cp1252":
        words = {name: word.replace("º", "o") for name, word in words.items()}
    written = files.as_csv(orders, words=words, mark=mark, days=days, delimiter=delimiter, encoding="utf-8")
    body = written.decode().replace("\u202f", "\u00a0" if encoding == "cp1252" else "\u202f").encode(encoding)
    found, reader = orders_in(
        body, tmp_path_factory.mktemp("csv"), days="dmy" if days == "iso" else days, discounts=AMOUNTS
    )
    assert reader.faults == []
    same(orders, found)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])
def test_a_workbook_json_lines_and_parquet_are_read_back_too(tmp_path, words, seed):
    orders = some_orders(seed, 20)
    bodies = (
        files.as_workbook(orders, words=words),
        files.as_json_lines(orders),
        files.as_parquet(orders, tmp_path / "orders.parquet", words=words),
    )
    for number, body in enumerate(bodies):
        found, reader = orders_in(body, tmp_path / str(number), discounts=AMOUNTS)
        assert reader.faults == []
        same(orders, found)


@pytest.mark.parametrize("name", ["orders_iowa_2021_60stores.csv", "orders_northwind.csv"])
def test_real_orders_are_decided_by_the_sheet_as_the_engine_decides_them(tmp_path, name):
    upload = read(cases.path(name).read_bytes(), tmp_path / "up")
    reading = guess_reading(upload, tmp_path / "up")
    check_reading(reading, upload.found.width)
    assert reading.discounts == (RATES if "northwind" in name else AMOUNTS)
    reader = Orders(upload, tmp_path / "up", reading, NOBODY)
    taken = list(reader)
    assert (reader.faults, len(taken)) == ([], upload.found.rows)
    contents = (
        content(1),
        content(2, group("tous", 0, {"acceptance.minimum_value": "300.00"}, {"gros": LARGE})),
    )
    sheet = fill_sheet(tmp_path / "sheet.parquet", taken, ZONE)
    plan = Plan(sheet, Policies(None), *contents, INSTALLATION)
    with connect() as connection:
        pairs = dict(connection.execute(f"SELECT position, {plan.pair_sql} FROM {plan.source}").fetchall())
    for position, each in enumerate(taken):
        for verdict, version in zip(plan.verdicts(pairs[position]), contents, strict=True):
            decision = decided(version, each)
            assert verdict.outcome == decision.outcome
            if decision.invoice is not None:
                assert (verdict.terms, verdict.issue) == (decision.invoice.terms, decision.invoice.issue)


LARGE = {
    "conditions": {"all": [{"name": "largest_line_value", "operator": "greater_than", "value": 1000}]},
    "actions": [{"name": "hold", "params": {"reason": "check"}}],
}
NAMES = Names(
    ZONE,
    {"comptoir du coin": "comptoir-1", "comptoir-1": "comptoir-1"},
    {"payeurs a risque": "payeurs-a-risque", "payeurs-a-risque": "payeurs-a-risque", "tous": "tous"},
    {"transbroue": "transbroue"},
    {"comptoir-1": ("bars",)},
)


def test_names_are_those_of_the_house_and_faults_say_row_and_column(tmp_path):
    body = """Relevé de mai
N° de commande;Client;Groupe;Date de commande;Produit;Quantité;Prix unitaire;Distributeur
A;COMPTOIR DU COIN;Payeurs à risque | Tous;13/05/2021;IPA;24;1 054,00;Transbroue
B;Bar;;14/05/2021;IPA;douze;54,00;
C;Bar;;15/05/2021;IPA;6;54,00;
A;Comptoir du coin;Payeurs à risque;13/05/2021;STOUT;12;54,555;Transbroue
C;Bar;;16/05/2021;IPA;6;54,00;
D;Bar;Nulle part;16/05/2021;IPA;6;54,00;
E;;;16/05/2021;IPA;6;54,00;
F;Bar;;31/02/2021;IPA;6;54,00;
G;Bar;;16/05/2021;IPA;6;54,00;;;trop
H;Bar;;16/05/2021;IPA;6;-54,00;
I;Bar;;16/05/2021;IPA;6;54,00;
""".encode()
    found, reader = orders_in(body, tmp_path / "up", NAMES)
    assert [each.order.id for each in found] == ["A", "I"]
    first = found[0]
    assert (first.order.buyer.id, first.kept) == ("comptoir-1", ("bars",))
    assert (first.order.buyer.groups, first.order.distributor) == (("payeurs-a-risque",), "transbroue")
    assert [line.value for line in first.order.lines] == [2529600, 65466]
    assert first.order.placed_at == datetime(2021, 5, 13, 12, tzinfo=ZONE) and first.omitted == {"placed_hour"}
    details = [(fault.row, fault.column, fault.problem.code) for fault in reader.faults]
    assert details == [
        (4, "Quantité", "number"),
        (7, "Date de commande", "contradicts"),
        (8, "Groupe", "unknown_group"),
        (9, "Client", "required"),
        (10, "Date de commande", "date"),
        (11, "", "wide"),
        (12, "Prix unitaire", "negative"),
    ]
    assert reader.faults[1].as_problem().pointer == "/rows/7/Date de commande"
    assert "ligne 5" in reader.faults[1].problem.message.fr and "douze" in reader.faults[0].problem.message.en


def test_an_order_on_one_row_says_only_what_its_columns_say(tmp_path):
    rows = b"A;2021-05-12 09:30;Bar;24;1296,00\nB;2021-05-12;Bar;7;99,95\nA;2021-05-12;Bar;1;1\nC;2021-05-12;Bar;;1\n"
    found, reader = orders_in(SHORT + rows, tmp_path / "up")
    facts = [read_facts(each.order, (), ZONE) for each in found]
    assert [(each.order_value, each.item_count) for each in facts] == [(129600, 24), (9995, 7)]
    assert found[0].omitted == {"line_count", "largest_line_value", "skus"}
    assert found[1].omitted == found[0].omitted | {"placed_hour"}
    assert [(fault.row, fault.column, fault.problem.code) for fault in reader.faults] == [
        (4, "commande", "twice"),
        (5, "articles", "required"),
    ]
    sheet = fill_sheet(tmp_path / "sheet.parquet", found, ZONE)
    early = group("tous", 0, {}, {"matin": EARLY})
    details = report(
        sheet, Policies(None), content(1, LOW), content(2, early | {"settings": LOW["settings"]}), INSTALLATION
    )
    assert details["omitted"] == ["largest_line_value", "line_count", "placed_hour", "skus"]
    changed_orders = {
        each["order_id"]: [reason["code"] for reason in each["after"]["reasons"]] for each in details["flips"]
    }
    assert changed_orders == {"A": ["early"], "B": ["missing_fact"]}


LOW = group("tous", 0, {"acceptance.minimum_items": None, "acceptance.minimum_value": None})
EARLY = {
    "conditions": {"all": [{"name": "placed_hour", "operator": "less_than", "value": 12}]},
    "actions": [{"name": "hold", "params": {"reason": "early"}}],
}


def test_a_look_counts_what_would_run(tmp_path):
    upload = read_here(SHORT + b"A;2021-05-12;Bar;2;10,00\nB;2021-06-01;comptoir-1;3;20,50\nC;hier;Bar;1;1\n", tmp_path)
    look = read_preview(upload, tmp_path, guess_reading(upload, tmp_path), NAMES)
    assert (look.orders, look.cents, look.faulty, look.retailers, look.known) == (2, 3050, 1, 2, 1)
    assert (look.since, look.until) == (date(2021, 5, 12), date(2021, 6, 1)) and look.rows == look.total
    assert [(each.id, each.is_known, each.groups, each.items) for each in look.first] == [
        ("A", False, (), 2),
        ("B", True, ("bars",), 3),
    ]
    part = read_preview(upload, tmp_path, guess_reading(upload, tmp_path), NAMES, most=1)
    assert (part.rows, part.orders, part.rows < part.total) == (1, 1, True)


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        ("Order ID,Customer,Order Date,Qty,Total", ["order", "buyer", "date", "items", "value"]),
        ("id,client,date,quantité,montant", ["order", "buyer", "date", "items", "value"]),
        ("Commande,Nom,Date,Produit,Qté,Total", ["order", "buyer", "date", "sku", "quantity", "amount"]),
        (
            "PO Number,Store,Placed at,SKU,Quantity,Unit price,Amount",
            ["order", "buyer", "date", "sku", "quantity", "unit_price", "amount"],
        ),
        ("Réf.,Détaillant,Segment,Date,Valeur,Foo", ["order", "buyer", "", "date", "value", ""]),
    ],
)
def test_headers_are_understood_by_the_company_they_keep(tmp_path, header, meanings):
    upload = read_here(f"{header}\n1,Bar,x,2021-05-12,5,6,7\n".encode(), tmp_path)
    assert list(guess_reading(upload, tmp_path).meanings[: len(meanings)]) == meanings


def test_a_reading_that_leaves_a_question_open_is_refused_with_all_of_it():
    with pytest.raises(Invalid) as refused:
        check_reading(Reading(("order", "order", "", "quantity"), decimal="x"), 4)
    assert [each.pointer for each in refused.value.problems] == [
        "/columns/order",
        "/columns/date",
        "/columns/buyer",
        "/columns/value",
        "/decimal",
    ]


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1 234,50", ",", "1234.50"),
        ("1\u202f234,50 $", ",", "1234.50"),
        ("1.234.567,8", ",", "1234567.8"),
        ("$1,234.50", ".", "1234.50"),
        ("CAD 12.5", ".", "12.5"),
        ("(12.50)", ".", "-12.50"),
        ("−3", ".", "-3"),
        ("1'234.50", ".", "1234.50"),
        (".5", ".", "0.5"),
        ("12,5", ".", None),
        ("1,23,456", ".", None),
        ("1.5", ",", None),
        ("12a", ".", None),
        ("1e5", ".", None),
        ("nan", ".", None),
        ("٣", ".", None),
        ("9" * 30, ".", None),
        (1234.5, ",", "1234.5"),
    ],
)
def test_a_number_is_read_only_when_it_is_certain(text, mark, value):
    if value is None:
        with pytest.raises(Unread):
            decimal_of(text, mark)
    else:
        assert decimal_of(text, mark) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2021-05-12", "mdy", "2021-05-12T12:00:00-04:00"),
        ("2021-05-12T09:30:00Z", "dmy", "2021-05-12T05:30:00-04:00"),
        ("2021/5/2 9:05", "dmy", "2021-05-02T09:05:00-04:00"),
        ("12/05/2021", "dmy", "2021-05-12T12:00:00-04:00"),
        ("05/12/2021 14 h 30", "mdy", "2021-05-12T14:30:00-04:00"),
        ("12.05.2021 00:00:00", "dmy", "2021-05-12T12:00:00-04:00"),
        ("13/13/2021", "dmy", None),
        ("12/05/21", "dmy", None),
        ("44327", "dmy", None),
        (44327, "dmy", None),
        ("0001-01-01", "dmy", None),
        ("2021-05-12T25:00", "dmy", None),
        ("2021-05-12 midi", "dmy", None),
    ],
)
def test_a_day_is_read_only_when_it_is_certain(text, order, moment):
    if moment is None:
        with pytest.raises(Unread):
            moment_of(text, order, ZONE)
    else:
        assert moment_of(text, order, ZONE)[0] == datetime.fromisoformat(moment)


def test_guesses_follow_what_proves_them():
    assert guess_mark(["1,000", "1,000,000"], ",") == "."  # the column decides
    assert [guess_mark([text], "?") for text in ("1,234.5", "1.234,5", "12,5", "1,234", "0,125", "x", 1.5)] == [
        *(".", ",", ",", "?", ",", "?", "?")
    ]
    assert guess_day_order(["01/02/2021", "05/13/2021"]) == ("mdy", True)
    assert guess_day_order(["01/02/2021"]) == ("dmy", False)
    assert guess_day_order(["2021-05-12"]) == ("dmy", True)
    assert truth_of("Oui") and truth_of(True) and not truth_of("no") and not truth_of(0)
    with pytest.raises(Unread):
        truth_of("peut-être")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (SHORT, "empty"),
        (b"\xd0\xcf\x11\xe0old excel", "kind"),
        (b"%PDF-1.7", "kind"),
        (b"\x1f\x8b\x08gzip", "kind"),
        (b"a,b\n\0\0\0", "text"),
        (SHORT + b'A;"2021', "csv"),
        (b"PK\x03\x04rubbish", "unreadable"),
        (b"PAR1rubbishPAR1", "unreadable"),
        (b"x" * 25_000_001, "too_large"),
        (";".join("x" * 201).encode() + b"\n", "too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_is_left(tmp_path, body, code):
    with pytest.raises(Invalid) as refused:
        receive(iter([body]), "x.csv", tmp_path / "up", by="anne", at=NOW)
    assert [each.code for each in refused.value.problems] == [code]
    assert open_upload(tmp_path / "up") is None and not (tmp_path / "up").exists()
