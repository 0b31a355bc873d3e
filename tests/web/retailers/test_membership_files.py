"""Memberships by file on the pages: seen before anything is kept, written at once, undone as a whole."""

import html
import io
import re

import pytest

from houblon.orders.credentials.credentials import add_source
from houblon.orders.records.audit import entries
from houblon.orders.retailers.cards import limits_of
from houblon.orders.retailers.memberships import all_memberships, set_memberships
from houblon.orders.retailers.names import find_ids, taken_ids
from tests.clock import NOW
from tests.orders.services import group, publish_groups
from tests.web.groups.test_pages import text
from tests.web.houses import order, token_of

IMPORT = "/detaillants/import"


@pytest.fixture
def client(place):
    place.send(order("PO-1"), "m-1")
    return place.signed_in()


def upload(client, data):
    token = token_of(text(client.get(IMPORT)))
    form = {"csrf_token": token, "fichier": (io.BytesIO(data), "groupes.csv")}
    return client.post(IMPORT, data=form, content_type="multipart/form-data")


def again(client, page, **changed):
    """Send the preview's form as a browser does."""
    sent = {name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1]) for name in ("csv", "vu")}
    for name in ("colonne_detaillant", "colonne_groupe", "colonne_nom", "colonne_limite"):
        select = page.split(f'name="{name}">', 1)[1].split("</select>")[0]
        sent[name] = next(iter(re.findall(r'value="(\d*)" selected', select)), "")
    sent["mode"] = re.search(r'name="mode" value="(\w+)" checked', page)[1]
    data = {"csrf_token": token_of(page), **sent, **changed}
    return client.post(IMPORT, data=data, content_type="multipart/form-data")


def kept(place):
    with place.house.services.ledger.reading() as connection:
        return all_memberships(connection)


FILE = "detaillant;groupe;nom\ncomptoir-1;Payeurs à risque;x\nbar-9;payeurs-a-risque;=BAR()\nbar-8;Barz;y\n"


def test_a_file_is_shown_and_nothing_is_kept_until_it_is_confirmed(place, client):
    before = kept(place)
    page = text(upload(client, FILE.encode("latin-1")))
    assert "2 détaillants changés" in page and "1 ligne fautive" in page and "Barz" in page
    assert "2 détaillants · Tous → <b>Payeurs à risque › Tous</b>" in page and "ligne 4" in page
    assert "Ranger 2 détaillants" in page and kept(place) == before
    done = again(client, page, confirmer="1")
    assert done.status_code == 302 and kept(place)["bar-9"] == kept(place)["comptoir-1"] == ("payeurs-a-risque",)
    assert "=BAR()" in text(client.get("/detaillants/bar-9"))
    assert place.send(order("N"), "n").json["reasons"][0]["code"] == "manual"
    with place.house.services.ledger.reading() as connection:
        [act] = [each for each in entries(connection) if each.act == "memberships.imported"]
    assert act.before == {"comptoir-1": [], "bar-9": []} and act.after["bar-9"] == ["payeurs-a-risque"]


def test_an_import_is_undone_but_for_those_who_changed_since(place, client):
    page = text(upload(client, FILE.encode()))
    after = text(client.get(again(client, page, confirmer="1").location))
    assert "Cela vaut tout de suite" in after
    place.house.services.ledger.write(lambda connection: set_memberships(connection, {"bar-9": ()}, NOW))
    id = re.search(r'name="import" value="(\w+)"', after)[1]
    data = {"csrf_token": token_of(after), "import": id}
    said = text(client.post(f"{IMPORT}/defaire", data=data, follow_redirects=True))
    assert "1 détaillant a repris ses groupes." in said and "1 a changé depuis" in said
    assert kept(place) == {"risque-1": ("payeurs-a-risque",)}
    assert "Cet import a été défait." in text(client.get(f"{IMPORT}?fait={id}"))
    client.post(f"{IMPORT}/defaire", data=data)
    assert client.post(f"{IMPORT}/defaire", data={**data, "import": "rien"}).status_code == 404


def test_columns_and_mode_are_corrected_before_anything_is_kept(place, client):
    page = text(upload(client, b"risque-1,payeurs-a-risque,autre\n"))
    assert "Le fichier ne change rien." in page
    other = text(again(client, page, colonne_detaillant="2"))
    assert "autre" in other and "Ranger 1 détaillant" in other
    wrong = again(client, page, colonne_detaillant="1")
    assert wrong.status_code == 422 and "quelle colonne nomme" in text(wrong) and "risque-1" in text(wrong)


def test_what_changed_since_the_preview_is_shown_again_and_nothing_is_kept(place, client):
    page = text(upload(client, FILE.encode()))
    place.house.services.ledger.write(
        lambda connection: set_memberships(connection, {"comptoir-1": ("payeurs-a-risque",)}, NOW)
    )
    late = again(client, page, confirmer="1")
    assert late.status_code == 409 and "Des adhésions ont changé depuis" in text(late) and "bar-9" not in kept(place)
    assert again(client, text(late), confirmer="1").status_code == 302


@pytest.mark.parametrize("data", [b"", b'a,b\n"x', b"x" * 400_001, b"a,\0b"])
def test_a_file_that_is_none_is_refused_with_what_to_do(client, data):
    refused = upload(client, data)
    assert refused.status_code == 422 and 'href="#fichier"' in text(refused)


def test_everything_goes_out_as_a_file_that_comes_back_unchanged(place, client):
    response = client.get("/detaillants/export.csv")
    body = response.get_data()
    assert response.content_type.startswith("text/csv") and body.startswith(b"\xef\xbb\xbf")
    assert body.decode("utf-8-sig").splitlines() == [
        "detaillant;groupe;nom;courriel;langue;province",
        "comptoir-1;;Comptoir du Coin;achats@comptoir.example;;",
        "risque-1;Payeurs à risque;;;;",
    ]
    assert "Le fichier ne change rien." in text(upload(client, body))
    only = client.get("/detaillants/export.csv?groupe=payeurs-a-risque").get_data(as_text=True)
    assert "comptoir-1" not in only
    client.set_cookie("langue", "en")
    assert "detaillant,groupe" in client.get("/detaillants/export.csv").get_data(as_text=True)


def test_a_name_that_looks_like_markup_or_a_formula_is_only_text(place, client):
    page = text(upload(client, b"id,groupe,nom\n<script>1</script>,payeurs-a-risque,<b>x\n"))
    assert "<script>1" not in page and "&lt;script&gt;1" in page
    again(client, page, confirmer="1")
    assert "<script>1" not in text(client.get("/detaillants"))


def test_a_shop_s_buyer_is_sorted_by_its_name_before_the_first_order_and_goes_out_with_it(place, client):
    ledger = place.house.services.ledger
    ledger.write(lambda c: add_source(c, "boutique", lambda count: b"", NOW, "woocommerce", "hush-hush"))
    page = text(upload(client, "groupe;source;nom_source\nPayeurs à risque;boutique;5001\n".encode()))
    assert "boutique-5001" in page and "1 détaillant changé" in page
    chosen = {"colonne_detaillant": "", "colonne_source": "1", "colonne_nom_source": "2"}
    assert again(client, page, confirmer="1", **chosen).status_code == 302
    with ledger.reading() as connection:
        assert find_ids(connection, "boutique", "5001") == ("boutique-5001", "boutique-5001")
    body = client.get("/detaillants/export.csv").get_data().decode("utf-8-sig")
    assert "boutique-5001;Payeurs à risque;;;;;boutique;5001" in body.splitlines()


CALLED = {"colonne_detaillant": "", "colonne_groupe": "0", "colonne_source": "1", "colonne_nom_source": "2"}


def brought(place, client, rows):
    """Import rows of « groupe;source;nom_source », with a group « Bars »: what is shown is what is confirmed."""
    publish_groups(place.house.store, group("bars", 20), at=NOW)
    page = text(upload(client, f"groupe;source;nom_source\n{rows}".encode()))
    assert again(client, page, confirmer="1", **CALLED).status_code == 302


def test_a_row_of_a_shop_s_buyer_in_groups_alone_is_the_one_of_their_first_order(place, client):
    ledger = place.house.services.ledger
    ledger.write(lambda c: add_source(c, "boutique", lambda count: b"", NOW, "woocommerce", "hush-hush"))
    ledger.write(lambda c: set_memberships(c, {"boutique-5001": ["payeurs-a-risque"], "boutique-6001": []}, NOW))
    brought(place, client, "Bars;boutique;5001\n")
    assert kept(place)["boutique-5001"] == ("bars", "payeurs-a-risque")
    assert [id for id in kept(place) if id.startswith("boutique-")] == ["boutique-5001"]
    with ledger.reading() as connection:
        assert find_ids(connection, "boutique", "5001") == ("boutique-5001", "boutique-5001")
        assert "boutique-5001" in taken_ids(connection)


def test_names_of_two_sources_that_ask_for_one_id_are_two_retailers(place, client):
    ledger = place.house.services.ledger
    for name in ("a", "a-b"):
        ledger.write(lambda c, name=name: add_source(c, name, lambda count: b"", NOW, "woocommerce", "hush-hush"))
    # The line with a fault takes no part, but its buyer is not the next line's.
    brought(place, client, "Payeurs à risque;a-b;c\nBars;a;b-c\nNulle;a;x-y\nBars;a;x-y\n")
    found = {id: groups for id, groups in kept(place).items() if id.startswith("a-")}
    assert found == {
        "a-b-c": ("payeurs-a-risque",),
        "a-b-c-2": ("bars",),
        "a-x-y": ("bars",),
    }
    with ledger.reading() as connection:
        assert [find_ids(connection, *each).own for each in (("a-b", "c"), ("a", "b-c"), ("a", "x-y"))] == list(found)


def test_a_retailer_s_own_limit_goes_out_comes_back_and_is_undone_with_its_import(place, client):
    def limits():
        with place.house.services.ledger.reading() as connection:
            return limits_of(connection)

    page = text(
        upload(client, b"detaillant;groupe;limite de credit\ncomptoir-1;;5 000,5 $\nbar-9;;800\nbar-8;;5,000\n")
    )
    assert "ligne 4" in page and "5\u00a0000,50\u00a0$" in page and limits() == {}
    done = again(client, page, confirmer="1")
    assert done.status_code == 302 and limits() == {"comptoir-1": "5000.50", "bar-9": "800.00"}
    body = client.get("/detaillants/export.csv").get_data()
    assert "comptoir-1;;Comptoir du Coin;achats@comptoir.example;;;5000,50" in body.decode("utf-8-sig")
    assert "Le fichier ne change rien." in text(upload(client, body))
    # An empty cell leaves it; two lines of one retailer say one limit.
    assert "Le fichier ne change rien." in text(upload(client, b"detaillant;groupe;limite\ncomptoir-1;;\n"))
    twice = b"detaillant;groupe;limite\ncomptoir-1;;1\ncomptoir-1;;2\n"
    assert "Une autre ligne dit une autre limite" in text(upload(client, twice))
    page = text(client.get(done.location))
    form = {"csrf_token": token_of(page), "import": done.location.partition("fait=")[2]}
    client.post(f"{IMPORT}/defaire", data=form)
    assert limits() == {}
