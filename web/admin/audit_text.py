"""Entries of the audit log in words: what was done, and what was before and after."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from houblon.engine.conditions.figures import money_text
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content
from houblon.rules.model.statements import ABSENT, pointer_of, statements_of
from houblon.web.access.permissions import ROLE_NAMES
from houblon.web.admin.audit_words import MEMBERS, VALUES
from houblon.web.foundation import format
from houblon.web.presentation.change_text import KINDS, describe_change, name_of

# An act that is not here is told by its code.
ACTS: dict[str, Text] = {
    "call.dismissed": Text("appel refusé écarté", "refused call dismissed"),
    "call.retried": Text("appel refusé réessayé", "refused call tried again"),
    "installation.approval": Text("approbation par une deuxième personne", "approval by a second person"),
    "installation.changed": Text("réglages changés", "settings changed"),
    "invoice.credit_applied": Text("crédit porté à une facture", "credit applied to an invoice"),
    "invoice.credited": Text("note de crédit émise", "credit note issued"),
    "invoice.disputed": Text("facture contestée", "invoice disputed"),
    "invoice.dispute_closed": Text("contestation close", "dispute closed"),
    "invoice.link_replaced": Text("lien d’une facture remplacé", "invoice link replaced"),
    "invoice.link_sent": Text("lien d’une facture envoyé", "invoice link sent"),
    "invoice.paid": Text("paiement noté", "payment entered"),
    "invoice.payment_reversed": Text("paiement annulé", "payment reversed"),
    "invoices.moved_on": Text("numéros de facture passés", "invoice numbers skipped"),
    "limits.imported": Text("limites de crédit importées", "credit limits imported"),
    "limits.undone": Text("import de limites de crédit défait", "import of credit limits undone"),
    "key.added": Text("clé d’API créée", "API key made"),
    "key.revoked": Text("clé d’API révoquée", "API key revoked"),
    "memberships.set": Text("détaillants rangés dans leurs groupes", "retailers put into their groups"),
    "messages.held": Text("messages retenus d’une copie restaurée", "messages of a restored copy held"),
    "order.change_accepted": Text("modification acceptée", "change accepted"),
    "order.change_dismissed": Text("modification écartée", "change dismissed"),
    "order.cancelled": Text("commande annulée", "order cancelled"),
    "order.cancelled_undone": Text("annulation défaite", "cancellation undone"),
    "order.decided_again": Text("commande en attente décidée de nouveau", "held order decided again"),
    "order.delivered": Text("commande livrée", "order delivered"),
    "order.delivered_undone": Text("livraison défaite", "delivery undone"),
    "order.delivery_changed": Text("livraison prévue changée", "planned delivery changed"),
    "order.entered": Text("commande saisie", "order entered"),
    "order.invoiced": Text("facture émise à la main", "invoice issued by hand"),
    "order.refused_undone": Text("refus défait", "refusal undone"),
    "payments.imported": Text("relevé bancaire noté", "bank file recorded"),
    "payments.import_undone": Text("relevé bancaire défait", "bank file undone"),
    "policy.given_up": Text("version perdue, perte acceptée", "version lost, loss accepted"),
    "policy.published": Text("version publiée", "version published"),
    "policy.rolled_back_in_emergency": Text("retour d’urgence", "emergency roll-back"),
    "product.added": Text("produit ajouté", "product added"),
    "product.archived": Text("produit archivé", "product archived"),
    "product.edited": Text("produit changé", "product changed"),
    "product.restored": Text("produit offert de nouveau", "product offered again"),
    "products.imported": Text("produits importés", "products imported"),
    "proposal.approval_asked": Text("approbation demandée", "approval asked for"),
    "proposal.approved": Text("brouillon approuvé", "draft approved"),
    "proposal.begun": Text("brouillon ouvert", "draft begun"),
    "proposal.commented": Text("brouillon commenté", "draft commented on"),
    "proposal.discarded": Text("brouillon écarté", "draft discarded"),
    "proposal.published": Text("brouillon publié", "draft published"),
    "proposal.renamed": Text("brouillon renommé", "draft renamed"),
    "proposal.revised": Text("brouillon modifié", "draft revised"),
    "proposal.scheduled": Text("brouillon planifié", "draft scheduled"),
    "proposal.settled": Text("conflits réglés", "conflicts settled"),
    "proposal.taken_up": Text("brouillon repris", "draft taken up again"),
    "proposal.withdrawn": Text("date retirée", "date withdrawn"),
    "retailer.added": Text("détaillant ajouté", "retailer added"),
    "reminders.started": Text("rappels repris", "reminders started again"),
    "reminders.stopped": Text("rappels arrêtés", "reminders stopped"),
    "retailer.edited": Text("fiche de détaillant changée", "retailer’s card changed"),
    "retailer.erased": Text("détaillant effacé", "retailer erased"),
    "retailer.joined": Text("détaillant joint à un autre", "retailer joined to another"),
    "retailer.parted": Text("détaillants séparés", "retailers parted"),
    "retailer.exported": Text("renseignements d’un détaillant remis", "retailer’s data handed out"),
    "retailer.statement_sent": Text("relevé de compte envoyé", "statement of account sent"),
    "secret.rotated": Text("nouvelle clé de l’installation", "new secret of the installation"),
    "source.added": Text("secret de source ajouté", "source secret added"),
    "source.set": Text("lecture d’une source changée", "how a source is read changed"),
    "source.secret_retired": Text("secret de source retiré", "source secret retired"),
    "user.added": Text("compte créé", "account made"),
    "user.deactivated": Text("compte désactivé", "account deactivated"),
    "user.invited": Text("invitation envoyée", "invitation sent"),
    "user.joined": Text("invitation acceptée", "invitation accepted"),
    "user.password": Text("mot de passe changé", "password changed"),
    "user.password_reset": Text("mot de passe remplacé par courriel", "password reset by mail"),
    "user.reactivated": Text("compte réactivé", "account reactivated"),
    "user.recovery_code_used": Text("code de secours utilisé", "recovery code used"),
    "user.recovery_codes": Text("codes de secours refaits", "recovery codes regenerated"),
    "user.role": Text("rôle changé", "role changed"),
    "user.sessions_ended": Text("sessions fermées", "sessions ended"),
    "user.two_factor_added": Text("deuxième facteur inscrit", "second factor enrolled"),
    "user.two_factor_removed": Text("deuxième facteur retiré", "second factor removed"),
}
_MONEY = frozenset({"amount", "credit_limit", "price", "deposit"})
_AMOUNT = re.compile(r"-?\d{1,12}\.\d\d", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PLACE = re.compile(r"/(?P<kind>group|cycle|scenario|guardrail)s/(?P<id>[^/]+)(?:/(?P<path>.+))?")
# As the house itself writes a moment.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FOR_MACHINES = (("hash",), ("revision",))
_IN_IT = (Text("pas dans le brouillon", "not in the draft"), Text("dans le brouillon", "in the draft"))
_YES, _NO, _NOTHING = Text("oui", "yes"), Text("non", "no"), Text("rien", "nothing")
_LONGEST = 160
_ABSENT = object()


class Difference(msgspec.Struct, frozen=True):
    """One member that changed, and its two sides in words."""

    what: Text
    before: Text
    after: Text


def act_text(act: str) -> Text:
    return ACTS.get(act, Text(act, act))


def differences(before: Any, after: Any, zone: ZoneInfo, content: Content | None = None) -> list[Difference]:
    """What changed between the two sides of an entry, member by member; groups are named as `content` does.

    Moments are told on the clocks of `zone`.

    What only machines compare, hashes and revisions, is left to the entry's JSON.
    """
    walked = _walk((), _ABSENT if before is None else before, _ABSENT if after is None else after)
    return [
        _difference(path, left, right, zone, content) for path, left, right in walked if path[-1:] not in _FOR_MACHINES
    ]


def _difference(path: tuple[str, ...], before: Any, after: Any, zone: ZoneInfo, content: Content | None) -> Difference:
    place = _PLACE.fullmatch(path[-1]) if path else None
    if place is None:
        name = path[-1] if path else ""
        return Difference(_name(path), _value(name, before, zone), _value(name, after, zone))
    kind, id, rest = place["kind"], place["id"].replace("~1", "/").replace("~0", "~"), place["path"] or ""
    known = () if content is None else (content,)
    if rest == "" and len(path) > 1:
        # A proposal's document that it did not hold before, or does no more.
        return Difference(
            _of(name_of(kind, id, *known), kind), _IN_IT[before is not _ABSENT], _IN_IT[after is not _ABSENT]
        )
    change = Change(
        kind, id, rest.removeprefix("settings/"), *(ABSENT if each is _ABSENT else each for each in (before, after))
    )
    described = describe_change(change, *known)
    what = Text(f"{described.where}, {described.what.fr}", f"{described.where}, {described.what.en}")
    return Difference(what, _NOTHING if before is _ABSENT else described.before, described.after)


def _of(name: str, kind: str) -> Text:
    return Text(f"{name} ({KINDS[kind].fr})", f"{name} ({KINDS[kind].en})")


def _walk(path: tuple[str, ...], before: Any, after: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if before == after:
        return
    left, right = _members(before), _members(after)
    place = _PLACE.fullmatch(path[-1]) if path else None
    if place and place["path"] is None and isinstance(before, dict) and isinstance(after, dict):
        # A document as what it states, each under its own address.
        left, right = (
            {
                pointer_of(place["kind"], place["id"], name): value
                for name, value in statements_of(place["kind"], each).items()
            }
            for each in (before, after)
        )
    elif place:
        yield path, before, after
        return
    if left is None or right is None:
        yield path, before, after
        return
    for name in [*left, *(each for each in right if each not in left)]:
        yield from _walk((*path, name), left.get(name, _ABSENT), right.get(name, _ABSENT))


def _members(value: Any) -> dict[str, Any] | None:
    """An object's members; a side that is not there has none."""
    return {} if value is _ABSENT else value if isinstance(value, dict) else None


def _name(path: tuple[str, ...]) -> Text:
    parts = [MEMBERS.get(part, Text(part, part)) for part in path]
    return Text(" › ".join(part.fr for part in parts), " › ".join(part.en for part in parts))


def _value(name: str, value: Any, zone: ZoneInfo) -> Text:
    if value is _ABSENT or value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, str) and value in ROLE_NAMES:
        return ROLE_NAMES[value]
    if isinstance(value, str) and value in VALUES.get(name, {}):
        return VALUES[name][value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return _value(name, ", ".join(value), zone)
    if isinstance(value, str) and name in _MONEY and _AMOUNT.fullmatch(value):
        return money_text(cents_written(value))
    if isinstance(value, str) and name in ("on", "planned_delivery", "due_date") and _DAY.fullmatch(value):
        with suppress(ValueError):
            return day_text(date.fromisoformat(value))
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        with suppress(ValueError, OverflowError):  # a name that people chose may look like one
            moment = datetime.fromisoformat(value)
            return Text(format.moment(moment, "fr", zone), format.moment(moment, "en", zone))
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return Text(cut, cut)
