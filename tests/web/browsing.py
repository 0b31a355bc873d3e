"""A real browser for tests: one for all of them, over one running installation that looks lived in."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

import axe_playwright_python
import pytest
from flask.testing import FlaskClient

from houblon.orders.events.endpoints import Wanted, add_endpoint, pause
from houblon.orders.mail.rendered import rendered
from houblon.orders.outbox.delivery import Refused, deliver_due
from houblon.orders.outbox.encrypted import Decrypting
from houblon.rules.model.statements import Statement
from houblon.rules.publishing.drafts import begin, revise
from houblon.rules.publishing.schedule import schedule
from tests.clock import real
from tests.orders.intake.test_mapping import shopify
from tests.web.houses import ADMIN, Place, copy_of, open_place, order, token_of
from tests.web.ingest.test_shops import add_shop, call
from tests.web.people import address_of, enrol, populate, someone
from tests.web.servers import serving

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MARKS = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: nothing can click"),
    # All in one worker: they share the browser and the installation.
    pytest.mark.xdist_group("browser"),
]
PICTURES = Path(__file__).parents[2] / "artefacts" / "pages"
PHONE, SERVICES = 390, 1280
# Every page that an address leads to, in the installation that `furnish` makes.
CYCLE = "/livraisons/cycle?id=transbroue"
PAGES = (
    "/",
    "/file",
    "/file?commande=5",
    "/file?minimum=100&groupe=payeurs-a-risque",
    "/file?q=introuvable",
    "/commandes",
    "/commandes/nouvelle",
    "/commandes/nouvelle?commande=1",
    "/commandes?q=introuvable",
    "/commandes/1",
    "/commandes/2",
    "/commandes/3",
    "/commandes/4",
    "/commandes/6",
    "/commandes/1/livraison",
    "/commandes/1/livrer",
    "/commandes/8",
    "/appels-refuses",
    "/appels-refuses?source=essai",
    "/sources/lecture?source=essai&appel=2",
    "/produits",
    "/produits/nouveau",
    "/produits/fiche?sku=IPA-24",
    "/produits/import",
    "/factures",
    "/factures?etat=en-retard",
    "/factures/1",
    "/factures/3",
    "/paiements",
    "/paiements/releve",
    "/comptabilite",
    "/groupes",
    "/groupes/tous",
    "/groupes/payeurs-a-risque",
    "/groupes/payeurs-a-risque/identite",
    "/groupes/payeurs-a-risque/archiver",
    "/groupes/tous/regles/nouvelle",
    "/rangs",
    "/detaillants",
    "/detaillants?pour=payeurs-a-risque",
    "/detaillants/comptoir-1",
    "/detaillants/comptoir-1/releve",
    "/detaillants/fiche?id=risque-1",
    "/detaillants/joindre?id=comptoir-1",
    "/detaillants/joindre?id=comptoir-1&avec=risque-1",
    "/detaillants/nouveau",
    "/detaillants/import",
    "/brouillons",
    "/brouillons/ete-terrasses",
    "/brouillons/temps-des-fetes",
    "/historique",
    "/historique/1/retablir",
    "/renseignements",
    "/et-si",
    "/et-si?commande=2",
    "/cas",
    "/livraisons",
    CYCLE,
    "/messages",
    "/messages?etat=parked",
    "/messages/a-venir",
    "/messages/a-venir/modele?groupe=tous",
    "/webhooks-sortants",
    "/acces",
    "/acces/1",
    "/cles",
    "/sources",
    "/sources/lecture?source=essai",
    "/simulations",
    "/simulations/fichier",
    "/journal",
    "/reglages",
    "/compte",
    "/compte/mot-de-passe",
    "/compte/deuxieme-facteur",
    "/compte/codes-de-secours",
)
GUEST = "camille@houblon.example"


@dataclass(frozen=True)
class Site:
    """A running installation: where it is, who may open it, and the links that its mails brought."""

    address: str
    data: Path
    password: str
    secret: str
    invitation: str
    reset: str
    invoice: str
    guarded: str  # whose account asks for a second factor


@contextmanager
def running(template: tuple[Path, str], folder: Path) -> Iterator[Site]:
    """An installation with something of everything, and its server."""
    source, password = template
    data = copy_of(source, folder / "data")
    place = open_place(data, password, now=real)
    links = furnish(place)
    place.house.close()
    with serving(data) as server:
        yield Site(server.address, data, password, place.secret, **links, guarded=address_of("operator"))


def furnish(place: Place) -> dict[str, str]:
    """Fill a new installation with something of everything; the links that its mails bring."""
    populate(place)
    admin = place.signed_in()
    price = {"price": "27,00", "taxable": "1", "available": "1"}
    _post(admin, "/produits/nouveau", sku="IPA-24", name="IPA du Faubourg", unit="caisse de 24", **price)
    place.send(order("PO-1"), "m-1")
    place.send(order("PO-2", items=20), "m-2")
    place.send(order("PO-3"), "m-3")
    place.send(order("PO-4"), "m-4")
    place.send(order("PO-5", buyer="risque-1", price="112.00"), "m-5")
    unavailable = {"sku": "STO-12", "quantity": 24, "unit_price": "33.60", "available": False}
    place.send(order("PO-6", lines=[*order()["lines"], unavailable]), "m-6")
    place.send(order("PO-7", items=3), "m-7")
    # What can't be recorded: no buyer, half a case, and an order that is settled.
    place.send({**order("PO-8"), "buyer": {}}, "m-8")
    place.send(order("PO-9", items=1.5), "m-9")
    place.send(order("PO-1", items=48), "m-10")
    _call_off(place)
    _post(admin, "/commandes/3/annuler", "/commandes/3", etat="accepted", raison="envoyée deux fois")
    _post(admin, "/commandes/4/livrer", "/commandes/4")
    today = place.house.now().astimezone(place.house.services.installation.zone).date()
    _post(admin, "/factures/3/payer", "/factures/3", le=today.isoformat())
    _post(admin, "/file/7/refuser", "/file?commande=7", raison="trop petit", vu=_seen(admin, 7))
    _post(admin, "/acces", adresse=GUEST, role="editor", langue="fr")
    _post(place.client(), "/mot-de-passe", email=address_of("viewer"))
    _post(admin, "/vues/orders", "/commandes?etat=held", nom="Ce qui attend", etat="held")
    wanted = Wanted("https://compta.example/webhooks", ("order.accepted",), "Comptabilité")
    id, _ = place.house.services.ledger.write(
        lambda connection: add_endpoint(connection, wanted, lambda count: b"x" * count, place.house.now())
    )
    place.house.services.ledger.write(lambda connection: pause(connection, id, "403 Forbidden"))
    enrol(someone(place, "operator"))
    _plan(place)
    return _links(_mails(place))


def _call_off(place: Place) -> None:
    """A shop cancels an order that was paid for: a person has to say what is done."""
    add_shop(place, "shopify")
    line = {"id": 1, "sku": "IPA-24", "quantity": 24, "price": "27.00"}
    sold = shopify(line_items=[line], financial_status="paid")
    call(place, "shopify", sold)
    gone = {**sold, "cancelled_at": "2021-05-12T10:00:00-04:00"}
    call(place, "shopify", gone, X_Shopify_Topic="orders/cancelled", X_Shopify_Webhook_Id="2")


def _seen(client: FlaskClient, key: int) -> str:
    page = client.get(f"/file?commande={key}").get_data(as_text=True)
    return page.split('name="vu" value="', 1)[1].split('"', 1)[0]


def _post(client: FlaskClient, address: str, page: str | None = None, **form: Any) -> None:
    token = token_of(client.get(page or address).get_data(as_text=True))
    done = client.post(address, data={"csrf_token": token, **form})
    assert done.status_code in (200, 302), (address, done.status_code)


def _plan(place: Place) -> None:
    """One draft that is worked on, one that is on a date."""
    store, now = place.house.store, place.house.now()
    for name, value in (("Été : terrasses", 12), ("Temps des fêtes", 48)):
        made = begin(store, name, by=address_of("editor"), at=now, description="Les terrasses ouvrent.")
        said = Statement("group", "payeurs-a-risque", "acceptance.minimum_items", value)
        revise(store, made.id, [said], by=address_of("editor"), at=now)
        if value == 48:
            schedule(store, made.id, effective_from=now + timedelta(days=30), by=ADMIN, at=now)


class _Box:
    """Takes every mail but the one of the last order's buyer, whose mailbox is full."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, id: str, recipient: str, message: dict[str, Any]) -> None:
        text = rendered(message)["text"]
        if "PO-7" in text:
            raise Refused("552 5.2.2 Mailbox full")
        self.texts.append(text)


def _mails(place: Place) -> str:
    box = _Box()
    while deliver_due(place.house.services.ledger, Decrypting(box, place.house.services.secret), place.house.now()):
        pass
    return "\n".join(box.texts)


def _links(mails: str) -> dict[str, str]:
    kinds = {"invitation": "/invitation/", "reset": "/mot-de-passe/", "invoice": "/f/"}
    return {name: re.search(rf"{re.escape(begins)}\S+", mails)[0] for name, begins in kinds.items()}  # type: ignore[index]


@cache
def _axe() -> str:
    return next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text()


_RUN = """contrast => axe.run(document, {
  resultTypes: ["violations"],
  rules: {"color-contrast": {enabled: contrast}},
}).then(found => found.violations.map(each => [each.id, each.nodes.map(node => node.html).slice(0, 3)]))"""


def follow(page: Any, press: Any) -> None:
    """Press what leads to another page, and wait for it."""
    with page.expect_navigation():
        press.click()


def look(page: Any, name: str, language: str = "fr") -> None:
    """Hold what the page shows to: no sideways scrolling on a phone, nothing for axe to find.

    Colours are the same in both languages: their contrast is measured in French. With `HOUBLON_TEST_PICTURES=1` a
    picture of each page is kept in artefacts/pages, for whoever wants to look at them all.
    """
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, name
    page.evaluate(_axe())
    found = page.evaluate(_RUN, language == "fr")
    assert found == [], (name, found)
    if os.environ.get("HOUBLON_TEST_PICTURES"):
        _picture(page, name, language)


def _picture(page: Any, name: str, language: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    plain = normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "apercu"
    page.screenshot(
        path=PICTURES / f"{slug}-{language}.jpg", type="jpeg", quality=60, full_page=True, caret="initial", scale="css"
    )
