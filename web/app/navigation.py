"""The places of the sidebar: what stands in it, under which heading, and what a phone shows first."""

from collections.abc import Callable

import msgspec
from flask import Flask
from flask_babel import lazy_gettext as _

from houblon.orders.handling.changes import history
from houblon.orders.intake import refused_calls
from houblon.orders.queries import lists
from houblon.web.access.authorization import may_open
from houblon.web.foundation.current_app import house


class Place(msgspec.Struct, frozen=True):
    """One link: where it leads, what it is called, its icon; `main` ones stay at hand on a phone.

    `badge` answers how many things wait there; none are shown for zero. `within` are other blueprints
    whose pages belong to the place.
    """

    endpoint: str
    label: object
    icon: str
    main: bool = False
    badge: Callable[[], int] | None = None
    within: tuple[str, ...] = ()

    @property
    def blueprints(self) -> tuple[str, ...]:
        return (self.endpoint.partition(".")[0], *self.within)


def _waiting() -> int:
    with house().services.ledger.reading() as connection:
        return lists.count_held(connection) + history.count_waiting(connection)


def _refused() -> int:
    with house().services.ledger.reading() as connection:
        return refused_calls.count_waiting(connection)


PLACES: tuple[tuple[object, tuple[Place, ...]], ...] = (
    (
        None,
        (
            Place("overview.show", _("Aperçu"), "house", main=True),
            Place("review.index", _("File d’attente"), "inbox", main=True, badge=_waiting),
            Place("orders.index", _("Commandes"), "list-check", within=("entry",)),
            Place("products.index", _("Produits"), "box-seam", within=("product_files",)),
            Place("invoices.index", _("Factures"), "receipt-cutoff"),
            Place("payments.index", _("Paiements"), "check-circle"),
            Place("books.show", _("Comptabilité"), "file-earmark-spreadsheet"),
            Place("refused_calls.index", _("Appels refusés"), "exclamation-triangle", badge=_refused),
        ),
    ),
    (
        _("Politiques"),
        (
            Place("groups.index", _("Groupes"), "collection", main=True, within=("rules", "ranks")),
            Place("retailers.index", _("Détaillants"), "people", within=("statements",)),
            Place("proposals.index", _("Brouillons"), "pencil-square"),
            Place("whatif.show", _("Et si…"), "question-circle", main=True),
            Place("simulations.index", _("Simulations"), "bar-chart", within=("simulation_files",)),
            Place("history.index", _("Historique"), "clock-history"),
        ),
    ),
    (
        _("Réglages"),
        (
            Place("deliveries.index", _("Livraisons"), "truck"),
            Place("outbox.index", _("Messages"), "chat-left-text", within=("upcoming",)),
            Place("endpoints.index", _("Webhooks sortants"), "box-arrow-up-right"),
            Place("users.index", _("Accès"), "people"),
            Place("keys.index", _("Clés d’API"), "key"),
            Place("sources.index", _("Sources"), "plug", within=("mappings",)),
            Place("journal.index", _("Journal"), "journal-text"),
            Place("privacy.show", _("Renseignements"), "shield-lock"),
            Place("profile.show", _("Installation"), "gear"),
        ),
    ),
)


def register(app: Flask) -> None:
    """Let templates draw the places that are the person's to open: `places()`."""
    app.jinja_env.globals["places"] = _mine


def _mine() -> list[tuple[object, list[Place]]]:
    found = [(heading, [place for place in each if may_open(place.endpoint)]) for heading, each in PLACES]
    return [(heading, mine) for heading, mine in found if mine]
