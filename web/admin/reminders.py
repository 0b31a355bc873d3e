"""Messages to come: who will be reminded of what and when, and what each mail will say."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request

from houblon.engine.policy.policy import BASE
from houblon.engine.policy.reminders import step_sentence
from houblon.orders.mail.reminder import Line, reminder_email
from houblon.orders.reminders.calendar import DAYS, letter_of
from houblon.orders.reminders.upcoming import AHEAD, email_to_come, upcoming
from houblon.rules.model.inherit import resolve
from houblon.web.drafts import drafting
from houblon.web.foundation.current_app import house

blueprint = Blueprint("upcoming", __name__, url_prefix="/messages/a-venir")
MOST = 200
LANGUAGES = ("fr", "en")


@blueprint.get("")
def index() -> str:
    found = upcoming(house().services, house().now())
    return render_template(
        "upcoming.html",
        found=found[:MOST],
        left=len(found) - MOST,
        today=_today(),
        ahead=AHEAD.days,
        step_sentence=step_sentence,
    )


@blueprint.get("/courriel")
def show() -> str:
    """One mail as it would be written on its day, as things stand."""
    id, now = request.args.get("detaillant", ""), house().now()
    on, card = request.args.get("le", ""), request.args.get("fiche", "")
    for each in upcoming(house().services, now, id):
        if each.on.isoformat() == on and each.account.card_id == card:
            letter = email_to_come(house().services, each, now)
            letters = [(said.language, said) for said in (letter, letter.beside) if said is not None]
            return render_template("upcoming_mail.html", letters=letters, found=each, group=None, today=_today())
    abort(404)


@blueprint.get("/modele")
def sample() -> str:
    """The mail that a group's policy writes, about invoices that are made up, in both languages; the draft's."""
    content = drafting.shown(drafting.working_in())
    group = content.groups.get(request.args.get("groupe", BASE))
    if group is None:
        abort(404)
    policy = resolve(content, (BASE,) if group.id == BASE else (group.id, BASE))
    seller, words = house().services.seller, letter_of(policy)
    names = {"fr": "Dépanneur du Coin", "en": "Corner Store"}
    letters = [(each, reminder_email(names[each], _made_up(policy), words, seller, each)) for each in LANGUAGES]
    return render_template("upcoming_mail.html", letters=letters, found=None, group=group, today=_today())


def _made_up(policy: Any) -> list[Line]:
    """Two invoices, one of them late by the last of the group's days, paid in part."""
    value, today, prefix = policy.settings[DAYS].value, _today(), house().services.seller.prefix
    late = max(value["days"][-1] if value else 7, 0)
    due, month = today - timedelta(days=late), timedelta(days=30)
    return [
        Line(f"{prefix}-{due.year}-00012", due - month, due, late, 149_008, 90_000, ""),
        Line(
            f"{prefix}-{today.year}-00057", today - timedelta(days=9), today + timedelta(days=21), 0, 74_504, 74_504, ""
        ),
    ]


def _today() -> date:
    return house().now().astimezone(house().services.installation.zone).date()
