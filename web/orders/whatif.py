"""Et si…: one order decided without being recorded, explained from reasons to due date; by two policies if asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, render_template, request

from houblon.engine.core.order import Order
from houblon.engine.core.problem import Faults, Invalid, Problem, Text, refuse
from houblon.engine.decide.evaluate import facts_of
from houblon.engine.policy.derivation import derivation_document
from houblon.orders.csv_text import folded
from houblon.orders.handling.whatif import what_if
from houblon.orders.intake.decode import read_order
from houblon.orders.queries import lists
from houblon.orders.retailers.accounts import day_of, open_invoices_of
from houblon.orders.retailers.names import HOUSE, ids_to_be, stored_body
from houblon.rules.model.proposal import OPEN, SCHEDULED
from houblon.web.drafts import drafting
from houblon.web.drafts.moments import SECOND, read_local
from houblon.web.drafts.proofs import counterexample
from houblon.web.drafts.scenarios import expected_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import row_key
from houblon.web.orders.entry_choices import all_retailers
from houblon.web.orders.order_form import PLACES, blank, order_body, pasted
from houblon.web.presentation.explanation import explain

blueprint = Blueprint("whatif", __name__, url_prefix="/et-si")
_DRAFT, _NOTHING = "brouillon:", "aucune"


@blueprint.get("")
def show() -> str:
    """An empty form, or one filled from a stored order, a scenario, or what breaks a guardrail of a draft."""
    key, scenario = request.args.get("commande", type=row_key), request.args.get("cas")
    typed = _of_order(key) or _of_scenario(scenario) or _of_guardrail() or blank(current())
    working = request.args.get("brouillon") or getattr(drafting.working_in(), "id", None)
    if working:
        typed["version"] = f"{_DRAFT}{working}"
    return _page(typed)


@blueprint.post("")
def try_order() -> Any:
    """Decide what was typed; nothing is recorded and nothing typed is lost."""
    typed, is_known = request.form.to_dict(), True
    try:
        if typed.get("buyer", "").strip() and not typed.get("json", "").strip():
            typed["buyer"], is_known = _buyer_meant(typed["buyer"].strip())
        body = order_body(typed, house().now(), current())
        order = read_order(body)
        dates = _dates(typed)
        against = typed.get("against", _NOTHING)
        chosen = [typed.get("version", ""), *([against] if against != _NOTHING else [])]
        views = [view_of(order, dates, policy) for policy in chosen]
    except Invalid as invalid:
        return _page(typed, problems=invalid.problems), 422
    accepted_at = dates["accepted_at"] or dates["as_of"]
    return _page(
        typed,
        order=order,
        views=views,
        is_known=is_known,
        kept={
            "order": body.decode(),
            "expect": msgspec.json.encode(expected_of(views[0]["explained"]["decision"])).decode(),
            "accepted_at": accepted_at.isoformat() if accepted_at else "",
            "etag": drafting.etag(drafting.working_in()),
        },
    )


def _buyer_meant(text: str) -> tuple[str, bool]:
    """The id of whom a person typed by id or by name, and whether anybody is there. Raises Invalid: several are."""
    with house().services.ledger.reading() as connection:
        cards, leads = all_retailers(connection), ids_to_be(connection, HOUSE, text).retailer
        if leads in {each.id for each in cards} or leads in house().everyone(connection):
            return text, True
    named = [each.id for each in cards if folded(each.name) == folded(text)]
    if len(named) > 1:
        raise refuse(
            "ambiguous_retailer",
            "/buyer/id",
            f"{len(named)} détaillants s’appellent ainsi\u00a0: écrivez l’identifiant de l’un d’eux.",
            f"{len(named)} retailers are called so: write the id of one of them.",
        )
    return (named[0], True) if named else (text, False)


def view_of(
    order: Order, dates: Mapping[str, datetime | None], chosen: str, buyer_source: str = HOUSE
) -> dict[str, Any]:
    """One policy's decision of the order, in the parts that the page shows; its buyer is as `buyer_source` calls them."""
    services = house().services
    accepted_at, as_of = dates.get("accepted_at"), dates.get("as_of")
    with services.ledger.reading() as connection:
        found = what_if(
            connection,
            services,
            order,
            now=house().now(),
            accepted_at=accepted_at,
            as_of=as_of,
            **_policy(chosen),
            trace=True,
            buyer_source=buyer_source,
        )
        retailer = ids_to_be(connection, buyer_source, order.buyer.id).retailer
        unpaid = open_invoices_of(connection, services, retailer)
    follows = found.decision.invoice or found.if_accepted
    return {
        "name": _name(chosen, found.content),
        "is_of_version": not found.proposal,
        "facts": facts_of(found.order, found.policy, services.installation, account=found.account),
        "explained": explain(found, services.installation, unpaid, day_of(services, house().now())),
        "content": found.content,
        "follows": follows,
        "derivation": derivation_document(follows.due) if follows else None,
        "document": msgspec.json.format(msgspec.json.encode(found.document()), indent=2).decode(),
    }


def _policy(chosen: str) -> dict[str, Any]:
    """What the list of policies says: a version's number, or `brouillon:` and a proposal's id."""
    if chosen.startswith(_DRAFT):
        return {"proposal": chosen.removeprefix(_DRAFT)}
    return {"version": int(chosen) if chosen.isdecimal() else None}


def _name(chosen: str, content: Any) -> Text:
    if chosen.startswith(_DRAFT):
        proposal = house().store.history().proposals.get(chosen.removeprefix(_DRAFT))
        name = proposal.name if proposal else chosen
        return Text(f"Brouillon « {name} »", f"Draft “{name}”")
    return Text(f"Version {content.version.number}", f"Version {content.version.number}")


def _page(typed: dict[str, Any], problems: Sequence[Problem] = (), **found: Any) -> str:
    store = house().store
    content = store.content(store.newest().number)
    with house().services.ledger.reading() as connection:
        recent = lists.list_orders(connection, limit=10)
    return render_template(
        "whatif.html",
        typed=typed,
        recent=recent,
        content=content,
        versions=list(reversed(store.versions()))[:50],
        drafts=[each for each in store.history().proposals.values() if each.state in (OPEN, SCHEDULED)],
        draft_prefix=_DRAFT,
        nothing=_NOTHING,
        field_of=PLACES,
        problems=problems,
        # A pasted order has no fields: its faults are told by their place in it.
        at_fault={}
        if typed.get("json")
        else {PLACES[each.pointer]: each for each in problems if each.pointer in PLACES},
        **{"views": (), "kept": {}, "is_known": True, **found},
    )


def _of_order(key: int | None) -> dict[str, Any] | None:
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key) if key else None
    return pasted(stored_body(row), current()) if row else None


def _of_scenario(id: str | None) -> dict[str, Any] | None:
    scenario = drafting.shown(drafting.working_in()).scenarios.get(id or "")
    if scenario is None:
        return None
    typed = pasted(msgspec.json.encode(scenario["order"]), current())
    at = scenario.get("accepted_at")
    if at:
        local = datetime.fromisoformat(at).astimezone(house().services.installation.zone)
        typed["accepted_at"] = local.strftime("%Y-%m-%dT%H:%M")
        typed["accepted_at-lequel"] = SECOND if local.fold else ""
    return typed


def _of_guardrail() -> dict[str, Any] | None:
    proposal, guardrail = request.args.get("brouillon"), request.args.get("garde-fou")
    if not proposal or not guardrail:
        return None
    try:
        order = counterexample(house(), proposal, guardrail, tuple(request.args.get("suite", "").split()))
    except Invalid:
        return None  # the draft is there no more, or contradicts itself: its own page says so
    return None if order is None else pasted(msgspec.json.encode(order), current())


def _dates(typed: Mapping[str, str]) -> dict[str, datetime | None]:
    """Local dates and times of the installation, as the browser's inputs write them. Raises Invalid."""
    zone, faults, found = house().services.installation.zone, Faults(), dict[str, datetime | None]()
    for name in ("accepted_at", "as_of"):
        text, which = typed.get(name, ""), typed.get(f"{name}-lequel", "")
        with faults.gather():
            found[name] = read_local(text, zone, which, f"/{name}") if text else None
    faults.raise_if_any()
    return found
