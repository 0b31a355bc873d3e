"""Commandes: every order, its decision with its reasons, and what followed."""

from flask import Blueprint, abort, render_template, request

from houblon.orders.db.tables import orders
from houblon.orders.handling import review, sender_news, undo
from houblon.orders.handling.by_hand import entered_by
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.orders.handling.lifecycle import CANCELLABLE
from houblon.orders.invoicing.credits import credit_notes_of
from houblon.orders.invoicing.delivered import delivery_of
from houblon.orders.invoicing.of_orders import replaced_invoices
from houblon.orders.products.availability import gone_of, without
from houblon.orders.queries import lists
from houblon.orders.queries.held import wait_of
from houblon.orders.queries.lists import PAGE
from houblon.orders.retailers.names import stored_order
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.foundation.paging import asked_before, page
from houblon.web.orders.saved_views import saved
from houblon.web.presentation.explanation import known_then
from houblon.web.presentation.order_filters import kept, order_filter

blueprint = Blueprint("orders", __name__, url_prefix="/commandes")
STATES = ("accepted", "held", "refused", "delivered", "cancelled")


@blueprint.get("")
def index() -> str:
    services = house().services
    asked, unread = order_filter(request.args, services.installation.zone, current(), STATES)
    before = asked_before()
    with services.ledger.reading() as connection:
        is_sifted = bool(asked.search or asked.group or asked.at_least)
        floor = lists.floor_of(connection, orders.c.key, before) if is_sifted else 0
        found = lists.list_orders(connection, asked, before, PAGE + 1, above=floor)
    shown, more = page(found, PAGE, lambda row: row.key)
    return render_template(
        "orders.html",
        orders=shown,
        further=floor + 1 if floor else None,
        filters=kept(request.args),
        more=more,
        states=STATES,
        groups=house().store.content(house().store.newest().number).ranked(),
        views=saved("orders"),
        unread=unread,
    )


@blueprint.get("/<int:key>")
def show(key: int) -> str:
    with house().services.ledger.reading() as connection:
        row = lists.order_row(connection, key)
        if row is None:
            abort(404)
        made = lists.decisions_of(connection, key)
        moves = lists.transitions_of(connection, key)
        invoice = lists.invoice_of_order(connection, key)
        credit_notes = credit_notes_of(connection, invoice.key) if invoice else []
        at_delivery = None
        if row.state == "accepted" and invoice is None:
            at_delivery = review.preview_of_delivery(connection, house().services, key, house().now())
        messages = lists.messages_of(connection, key)
        called_off_at = sender_news.asked_about(connection, row.source, row.order_id)
        wait = wait_of(connection, key)
        undoable = undo.is_undoable(connection, key)
        delivery = delivery_of(connection, key)
        change = change_review.shown(connection, house().services, key, house().now())
        said = lists.decision_row(connection, change.row.decision_key).document if change else None
        of_changes = history.decided_of_changes(connection, key)
        former = replaced_invoices(connection, key)
        who = entered_by(connection, row.source, row.order_id)
        missing = gone_of(connection, stored_order(row)) if row.state == "held" else []
    return render_template(
        "order.html",
        row=row,
        order=without(stored_order(row), missing),
        missing=missing,
        entered_by=who,
        # What stands first; what was decided of changes is told apart from it.
        decisions=sorted(made, key=lambda each: each.key in of_changes),
        of_changes=of_changes,
        change=change,
        change_decided=said,
        former=former,
        known={each.key: known_then(each, house().services.policies) for each in made},
        invoice=invoice,
        credit_notes=credit_notes,
        at_delivery=at_delivery,
        cancellable=CANCELLABLE,
        called_off_at=called_off_at,
        wait=wait,
        undoable=undoable,
        delivery=delivery,
        story=sorted(
            [*((each.at, each, None) for each in moves), *((each.created_at, None, each) for each in messages)],
            key=lambda each: each[0],
        ),
        said={reason["code"]: reason["message"] for each in made for reason in each.document["reasons"]},
        content=house().store.content(house().store.newest().number),
    )
