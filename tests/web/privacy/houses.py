"""A retailer with something in every place where an installation keeps personal data."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert, text

from houblon.orders.db.tables import metadata, simulations
from houblon.orders.handling import lifecycle, review
from houblon.orders.invoicing import payments
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry
from houblon.web.access.accounts import Base
from houblon.web.foundation.composition import House, open_house
from tests.clock import MONTREAL, NOW
from tests.web.houses import order, token_of

ID, NAME, MAIL, OLD_MAIL, STREET = (
    "comptoir-1",
    "Comptoir du Coin",
    "achats@comptoir.example",
    "vieux@x.example",
    "1, rue X",
)
PHONE, WORDS = "514-555-0199", "Mme Tremblay a téléphoné"
PERSONAL = (NAME, MAIL, OLD_MAIL, STREET, PHONE, WORDS, "Tremblay")
DAY = NOW.astimezone(MONTREAL).date()
YEARS_LATER = datetime(2028, 1, 2, 12, tzinfo=UTC)  # the orders are of 2021: taxes ask for them through 2027


def populate(place):
    """Orders that were invoiced, held and refused, amended and credited, with what people wrote; paid and mailed."""
    services = place.house.services
    buyer = {"id": ID, "name": NAME, "email": MAIL, "phone": PHONE, "province": "QC"}
    place.send({**order("PO-1"), "buyer": buyer, "note": f"appelez le {PHONE}", "ship_to": STREET}, "m-1")
    place.send({**order("PO-2", items=2), "buyer": {**buyer, "email": OLD_MAIL}}, "m-2")
    place.send({**order("PO-2", items=3), "buyer": buyer}, "m-3")
    review.refuse(services, 2, by="anne@houblon.example", at=NOW, why=WORDS)
    place.send({**order("PO-3"), "buyer": buyer}, "m-4")
    lifecycle.cancel(services, 3, was="accepted", by="anne@houblon.example", at=NOW, why=WORDS)
    place.send({**order("AUTRE", buyer="autre-1"), "buyer": {"id": "autre-1", "name": "Une Autre"}}, "m-5")
    # What could not be recorded: one that says whose it is, one that only says an address, one of somebody else.
    place.send({**order("PO-8", items=1.5), "buyer": buyer, "note": WORDS}, "m-6")
    place.send({**order("PO-9"), "buyer": {}, "contact": {"mail": [OLD_MAIL.title()], "tel": PHONE}}, "m-7")
    place.send({**order("AUTRE-2", items=1.5), "buyer": {"id": "autre-1", "name": "Une Autre"}}, "m-8")
    client = place.signed_in()
    page = client.get(f"/detaillants/{ID}").get_data(as_text=True)
    form = {"id": ID, "name": NAME, "email": OLD_MAIL, "language": "fr", "province": "QC"}
    form |= {"csrf_token": token_of(page), "vu": re.search(r'name="vu" value="([^"]+)"', page)[1]}
    assert client.post("/detaillants/fiche", data=form).status_code == 302
    payments.pay_rest(services, 1, by="anne@houblon.example", at=NOW, on=DAY)
    services.ledger.write(
        lambda c: record(c, Entry(NOW, "anne@houblon.example", "", "memberships.set", "import", None, {ID: []}))
    )
    report = {"retailers": [{"id": ID, "name": NAME}]}
    values = {"id": "sim-1", "asked": {}, "by": "anne", "created_at": NOW, "finished_at": NOW, "state": "done"}
    services.ledger.write(lambda c: c.execute(insert(simulations).values(**values, progress=100, result=report)))
    while deliver_due(services.ledger, place.house.transport, NOW):
        pass


def later(house: House, **environ: str) -> House:
    """The same installation, when the years are over."""
    return open_house(house.settings, now=lambda: YEARS_LATER)


def found_of(house: House, folder: Path, words=PERSONAL) -> set[str]:
    """Where any of the words still is: tables and columns of the ledger, files of the folder but the rules."""
    found = set()
    with house.services.ledger.reading() as connection:
        for table in (*metadata.sorted_tables, *Base.metadata.sorted_tables):
            for column in table.c:
                for (value,) in connection.execute(text(f'SELECT "{column.name}" FROM "{table.name}"')).all():
                    if isinstance(value, bytes):
                        value = value.decode("utf-8", "replace")
                    if any(word in str(value) for word in words):
                        found.add(f"{table.name}.{column.name}")
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".eml", ".gz", ".json"):
            content = path.read_bytes()
            found |= {path.name for word in words if word.encode() in content}
    return found


def as_text(document) -> str:
    return json.dumps(document, ensure_ascii=False)
