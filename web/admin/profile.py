"""Installation: who invoices, the clocks and the money, and how many people a change takes."""

import re
from typing import Any, Literal
from zoneinfo import available_timezones

import msgspec
from babel import Locale
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.conditions.vocabulary import FACTS, option_label
from houblon.engine.core.mail_address import read_address
from houblon.engine.core.problem import Faults, Text
from houblon.orders.invoicing.buyer_links import MOST_MONTHS
from houblon.orders.invoicing.languages import FRENCH
from houblon.orders.services import Seller
from houblon.rules.model.entry import Entry
from houblon.rules.publishing.timeline import lacking_approval
from houblon.rules.store.history import History
from houblon.web.access.audit import DECIDING, audited_profile
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.admin.accounts import FIELDS, read_accounts, typed_of_accounts
from houblon.web.foundation.current_app import house
from houblon.web.foundation.data_folder import HOUBLON, RECEIVABLES, Profile, french_of
from houblon.web.foundation.stale import Outdated, check_seen, tag_of

blueprint = Blueprint("profile", __name__, url_prefix="/reglages")
_GST, _QST, _PREFIX = re.compile(r"\d{9} RT\d{4}"), re.compile(r"\d{10} TQ\d{4}"), re.compile(r"[A-Za-z0-9]{1,10}")
_MONTHS = "invoice_link_months"
_SELLER = ("name", "address", "email", "gst_number", "qst_number", "prefix")
_PARTS = ("seller", "accounts")
PROVINCES = FACTS["province"].options
ZONES = (
    "America/Toronto",
    "America/Halifax",
    "America/St_Johns",
    "America/Winnipeg",
    "America/Regina",
    "America/Edmonton",
    "America/Vancouver",
    "America/Whitehorse",
)


@blueprint.get("")
def show() -> str:
    return _page(house().profile)


@blueprint.post("")
def change() -> Any:
    """Save the form; what has consequences is told first and asks to be confirmed."""
    seen, typed = request.form.get("etag", ""), request.form

    def changed(before: Profile) -> Profile:
        check_seen(seen, tag_of(before))
        return after

    now = house().profile
    after, faults = read_form(typed, now)
    if faults:
        return _page(now, typed=typed, problems=tuple(faults)), 422
    warnings = consequences(now, after, house().store.history())
    if warnings and typed.get("confirme") != tag_of(after):
        return _page(now, typed=typed, warnings=warnings, confirms=tag_of(after))
    by = acting(house(), author())

    def entry_of(before: Profile, after: Profile) -> Entry:
        return by.entry("installation.changed", "installation", *differing(before, after))

    try:
        before, after = audited_profile(house(), changed, entry_of)
    except Outdated:
        return _page(house().profile, typed=typed, is_outdated=True), 409
    if before != after:
        flash(_("C’est enregistré, et en vigueur dès maintenant."), "accepted")
    else:
        flash(_("Rien n’a changé."), "accepted")
    return redirect(url_for("profile.show"))


def consequences(before: Profile, after: Profile, history: History) -> list[Text]:
    """What follows from a change that can't simply be undone, or that surprises."""
    found = []
    if before.seller.prefix != after.seller.prefix:
        old, new = before.seller.prefix, after.seller.prefix
        found.append(
            Text(
                f"Les prochaines factures vont dans la suite {new}, après son dernier numéro, ou à partir de 1. "
                f"Celles de la suite {old} gardent le leur.",
                f"The next invoices go into the series {new}, after its last number, or from 1. Those of the series "
                f"{old} keep theirs.",
            )
        )
    if before.timezone != after.timezone:
        found.append(
            Text(
                f"Les jours se comptent désormais à l’heure de {after.timezone} : jour d’acceptation, heure limite des "
                "livraisons, échéances des prochaines factures. Les décisions et factures déjà faites ne changent pas.",
                f"Days are counted by the clocks of {after.timezone} from now on: acceptance days, delivery cut-offs, "
                "due dates of the next invoices. Decisions and invoices already made do not change.",
            )
        )
    if before.currency != after.currency:
        found.append(
            Text(
                f"Une commande qui ne nomme pas sa monnaie sera comprise en {after.currency} ; une commande en "
                f"{before.currency} attendra une personne. Les montants des règles et des minimums ne sont pas "
                "convertis.",
                f"An order that names no currency will be read as {after.currency}; one in {before.currency} will wait "
                "for a person. Amounts in rules and minimums are not converted.",
            )
        )
    found += [*_of_province(before.province, after.province), *_of_receivables(before, after)]
    found += [_DECIDED_AGAIN] if any(getattr(before, each) != getattr(after, each) for each in DECIDING) else []
    if before.approval and not after.approval:
        found.append(
            Text(
                "Quiconque peut publier pourra le faire sans l’accord d’une deuxième personne.",
                "Whoever may publish can do so without a second person’s agreement.",
            )
        )
    if after.approval and not before.approval:
        found.extend(_held_back(each.name) for each in lacking_approval(history))
    if after.two_factor and not before.two_factor:
        found.append(
            Text(
                "Dès leur prochaine page, les personnes sans deuxième facteur devront en inscrire un pour continuer.",
                "From their next page on, people without a second factor must enrol one before they go on.",
            )
        )
    if after.invoice_link_months < before.invoice_link_months:
        found.append(
            Text(
                f"Les liens des factures payées depuis plus de {after.invoice_link_months} mois ne les ouvriront plus, "
                "ceux qui sont déjà partis aussi.",
                f"Links to invoices that were paid more than {after.invoice_link_months} months ago will open them no "
                "more, those that were sent already too.",
            )
        )
    return found


def _held_back(name: str) -> Text:
    return Text(
        f"« {name} », planifié, n’est pas approuvé : il ne viendra pas en vigueur à son moment, à moins qu’on "
        "l’approuve d’ici là, sur sa page.",
        f"“{name}” is planned and not approved: it will not come into force at its moment unless somebody "
        "approves it by then, on its page.",
    )


def _of_receivables(before: Profile, after: Profile) -> list[Text]:
    if before.receivables == after.receivables:
        return []
    return [_KNOWN_BY_LEDGER if after.receivables == HOUBLON else _SAID_BY_ORDERS]


_DECIDED_AGAIN = Text("Les commandes en attente seront décidées de nouveau.", "Held orders will be decided again.")
_KNOWN_BY_LEDGER = Text(
    "Dès la prochaine commande, ce qu’un détaillant doit est ce que disent les factures d’ici, quoi qu’en dise la "
    "commande. Les décisions déjà prises ne changent pas.",
    "From the next order on, what a retailer owes is what the invoices here say, whatever the order says. Decisions "
    "already made do not change.",
)
_SAID_BY_ORDERS = Text(
    "Dès la prochaine commande, ce qu’un détaillant doit est ce qu’en dit la commande ; les factures d’ici et la limite "
    "de crédit d’un détaillant ne comptent plus.",
    "From the next order on, what a retailer owes is what the order says; the invoices here and a retailer's own "
    "credit limit count no more.",
)


def _of_province(before: str | None, after: str | None) -> list[Text]:
    if before == after:
        return []
    if after is None:
        return [
            Text(
                "Une commande qui ne dit pas sa province, d’un détaillant dont on ne la sait pas, attendra une personne.",
                "An order that does not say its province, of a retailer of whom nobody knows it, will wait for a person.",
            )
        ]
    label = option_label(FACTS["province"], after)
    return [
        Text(
            f"Une commande qui ne dit pas sa province sera taxée comme si elle allait dans : {label.fr}.",
            f"An order that does not say its province will be taxed as if it went to: {label.en}.",
        )
    ]


def read_form(typed: Any, now: Profile) -> tuple[Profile, Faults]:
    """The profile that the form asks for, and every fault in it; settings that it does not show stay."""
    faults = Faults()
    said = {
        name: " ".join(typed.get(name, "").split())
        for name in (*_SELLER, "timezone", "currency", _MONTHS, "province", "french")
    }
    said["address"] = "\n".join(line.strip() for line in typed.get("address", "").splitlines() if line.strip())
    seller = _read_seller(said, faults)
    if said["timezone"] not in available_timezones():
        faults.add("timezone", "/timezone", "Un fuseau comme America/Toronto.", "A time zone such as America/Toronto.")
    if said["currency"] not in Locale("en").currencies:
        faults.add(
            "currency", "/currency", "Un code de trois lettres, comme CAD.", "A code of three letters, such as CAD."
        )
    province = said["province"] if "province" in typed else now.province or ""
    if province and province not in PROVINCES:
        faults.add("province", "/province", "Une province du Canada, ou rien.", "A province of Canada, or nothing.")
    months = _months(said[_MONTHS] if _MONTHS in typed else str(now.invoice_link_months), now, faults)
    french = said["french"] or french_of(now)
    if french not in FRENCH:
        faults.add("french", "/french", f"L’un de : {', '.join(FRENCH)}.", f"One of: {', '.join(FRENCH)}.")
    after = msgspec.structs.replace(
        now,
        accounts=read_accounts(typed, now.accounts, faults),
        seller=seller,
        # What is so unless somebody says otherwise is not said.
        french=now.french if french == french_of(now) else french,
        timezone=said["timezone"],
        currency=said["currency"],
        approval=bool(typed.get("approval")),
        follow_delivery=bool(typed.get("follow_delivery")),
        two_factor=bool(typed.get("two_factor")),
        invoice_link_months=months,
        province=province or None,
        receivables=_receivables(typed.get("receivables", now.receivables), now, faults),
    )
    return after, faults


def _months(asked: str, now: Profile, faults: Faults) -> int:
    months = int(asked) if re.fullmatch(r"[0-9]{1,3}", asked) else 0
    if 1 <= months <= MOST_MONTHS:
        return months
    faults.add(
        _MONTHS, f"/{_MONTHS}", f"Un nombre de mois, de 1 à {MOST_MONTHS}.", f"A number of months, 1 to {MOST_MONTHS}."
    )
    return now.invoice_link_months


def _receivables(asked: str, now: Profile, faults: Faults) -> Literal["houblon", "source"]:
    for known in RECEIVABLES:
        if asked == known:
            return known
    faults.add("receivables", "/receivables", "« houblon » ou « source ».", '"houblon" or "source".')
    return now.receivables


def _read_seller(said: dict[str, str], faults: Faults) -> Seller:
    """The seller that the form names; faults are added to `faults`."""
    if not 1 <= len(said["name"]) <= 200:
        faults.add(
            "name", "/name", "Le nom du vendeur : de 1 à 200 caractères.", "The seller’s name: 1 to 200 characters."
        )
    if len(said["address"]) > 500:
        faults.add("address", "/address", "L’adresse : au plus 500 caractères.", "The address: at most 500 characters.")
    address = read_address(said["email"])
    if address is not None:
        said["email"] = address
    elif said["email"]:
        faults.add("email", "/email", "Une adresse de courriel, ou rien.", "An email address, or nothing.")
    if said["gst_number"] and not _GST.fullmatch(said["gst_number"]):
        faults.add(
            "gst_number", "/gst_number", "Comme 123456789 RT0001, ou rien.", "Such as 123456789 RT0001, or nothing."
        )
    if said["qst_number"] and not _QST.fullmatch(said["qst_number"]):
        faults.add(
            "qst_number", "/qst_number", "Comme 1234567890 TQ0001, ou rien.", "Such as 1234567890 TQ0001, or nothing."
        )
    if not _PREFIX.fullmatch(said["prefix"]):
        faults.add("prefix", "/prefix", "De 1 à 10 lettres ou chiffres, sans accent.", "1 to 10 letters or digits.")
    return Seller(**{name: said[name] for name in _SELLER})


def differing(before: Profile, after: Profile) -> tuple[dict[str, Any], dict[str, Any]]:
    """The members that differ, as they were and as they are."""
    left, right = _flat(before), _flat(after)
    changed = [name for name in right if left.get(name) != right[name]]
    return {name: left.get(name) for name in changed}, {name: right[name] for name in changed}


def _flat(profile: Profile) -> dict[str, Any]:
    document = msgspec.to_builtins(profile)
    parts = {f"{part}.{name}": value for part in _PARTS for name, value in document.pop(part).items()}
    return {**parts, **document}


def typed_of(profile: Profile) -> tuple[dict[str, str], dict[str, bool]]:
    """The form as the profile fills it in: what is written, and what is ticked."""
    said = {**msgspec.to_builtins(profile.seller), "timezone": profile.timezone, "currency": profile.currency}
    said |= {
        "receivables": profile.receivables,
        _MONTHS: str(profile.invoice_link_months),
        "province": profile.province or "",
        "french": french_of(profile),
    }
    said |= typed_of_accounts(profile.accounts)
    return said, {name: getattr(profile, name) for name in ("approval", "follow_delivery", "two_factor")}


def _page(profile: Profile, **more: Any) -> str:
    said, flags = typed_of(profile)
    if (typed := more.pop("typed", None)) is not None:
        said, flags = {name: typed.get(name, "") for name in said}, {name: bool(typed.get(name)) for name in flags}
    return render_template(
        "profile.html",
        profile=profile,
        said=said,
        flags=flags,
        etag=tag_of(profile),
        accounts=FIELDS,
        zones=ZONES,
        provinces=[(code, option_label(FACTS["province"], code)) for code in PROVINCES],
        differs=differing(profile, read_form(said | flags, profile)[0])[1],
        **{"problems": (), "warnings": (), "confirms": None, "is_outdated": False, **more},
    )
