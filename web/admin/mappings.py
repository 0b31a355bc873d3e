"""How a source's payloads become orders: its mapping, tried on a pasted payload, changed, kept."""

import json
from typing import Any

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from houblon.engine.conditions.targets.documents import fact_document
from houblon.engine.conditions.vocabulary import FACTS, Fact, Kind
from houblon.engine.core.order import Facts
from houblon.engine.core.problem import Faults, Invalid, Text, refuse
from houblon.engine.core.strict_json import read_json
from houblon.engine.decide.branches import fact_text
from houblon.orders.intake import refused_calls
from houblon.orders.intake.decode import parse_json, read_order
from houblon.orders.intake.mapping import read_mapping
from houblon.orders.intake.sources import Source, default_mapping, find_source
from houblon.orders.intake.trial import read_payload, sums_of
from houblon.orders.invoicing.document import TAX_NAMES
from houblon.web.access.audit import by as acting
from houblon.web.access.auth import author
from houblon.web.admin.acts import change_source
from houblon.web.foundation.current_app import house
from houblon.web.foundation.paging import row_key
from houblon.web.orders.whatif import view_of
from houblon.web.retailers.membership_effect import content_in_force

blueprint = Blueprint("mappings", __name__, url_prefix="/sources/lecture")
_MOST = 50_000  # characters of a mapping
_LINE = 56  # characters of its lines, which a page shows beside a payload
_YES_NO = {True: Text("oui", "yes"), False: Text("non", "no")}


@blueprint.get("")
def show() -> str:
    """The mapping as it is kept; with a refused call of the source, tried on what that said."""
    source = _source(request.args.get("source", ""))
    typed, key = _as_kept(source), request.args.get("appel", type=row_key)
    if key is None:
        return _page(source, typed)
    with house().services.ledger.reading() as connection:
        refused = refused_calls.find(connection, key)
    if refused is None or refused.source != source.name:
        abort(404)
    if refused.body is None:
        flash(_("Ce que cet appel disait n’est plus gardé."), "refused")
        return _page(source, typed)
    typed["payload"] = refused.body.decode("utf-8", "replace")
    return _page(source, typed, **_tried(source, source.mapping, typed))


@blueprint.post("")
def change() -> Any:
    """Try the mapping that was typed on the payload, keep it, or go back to the kind's own. Nothing typed is lost."""
    source = _source(request.form.get("source", ""))
    typed: dict[str, Any] = {"payload": request.form.get("payload", ""), "mapping": request.form.get("mapping", "")}
    typed["groups"] = [id for id in request.form.getlist("groups") if id in content_in_force().groups]
    act = request.form.get("act")
    try:
        if act == "default":
            return _kept(source, None, typed["groups"])
        mapping = _read(source, typed["mapping"])
        if act == "keep":
            return _kept(source, mapping, typed["groups"])
    except Invalid as invalid:
        return _page(source, typed, problems=invalid.problems), 422
    trial = _tried(source, mapping, typed)
    return _page(source, typed, **trial), 422 if trial["problems"] else 200


def _read(source: Source, text: str) -> dict[str, Any] | None:
    """The mapping that was typed; None for the kind's own. Raises Invalid."""
    faults, document = Faults(), None
    with faults.gather("/mapping"):
        if len(text) > _MOST:
            raise refuse("text", "", f"Au plus {_MOST} caractères.", f"At most {_MOST} characters.")
        document = read_json(text) if text.strip() else None
        if document is not None:
            read_mapping(document)
    faults.raise_if_any()
    return None if document == default_mapping(source.kind) else document


def _tried(source: Source, mapping: dict[str, Any] | None, typed: dict[str, Any]) -> dict[str, Any]:
    """What the payload becomes: the order as it is read, and its decision; or every fault on the way there."""
    faults = Faults()
    found: dict[str, Any] = {}
    body, groups = typed["payload"].encode("utf-8", "replace"), content_in_force().groups
    sender = source.sender(typed["groups"], mapping)
    with faults.gather("/payload"):
        parse_json(body)
    if not faults:
        with faults.gather("/order"):
            installation = house().services.installation
            order, unread = read_payload(sender, source.kind, body, lambda: groups, installation.zone)
            found |= {"order": msgspec.json.format(order, indent=2).decode(), "unread": unread}
            read = read_order(order)
            view = view_of(read, {}, "", sender.buyer_source)
            found |= {"view": view, "sums": sums_of(read, installation), **_facts(view["facts"])}
    return {"problems": tuple(faults), **found}


def _facts(facts: Facts) -> dict[str, list[Any]]:
    """What the order says, each with its words, and what it does not say."""
    known = [(fact, getattr(facts, name)) for name, fact in FACTS.items()]
    return {
        "said": [(fact, _words(fact, value)) for fact, value in known if value not in (None, "", ())],
        "unsaid": [fact for fact, value in known if value is None],
    }


def _words(fact: Fact, value: Any) -> Text:
    return _YES_NO[value] if fact.kind is Kind.BOOLEAN else fact_text(fact, fact_document(fact.name, value))


def _kept(source: Source, mapping: dict[str, Any] | None, groups: list[str]) -> Any:
    by = acting(house(), author())
    house().services.ledger.write(
        lambda connection: change_source(connection, by, source.name, source, groups, mapping)
    )
    flash(_("Les prochaines commandes de « %(name)s » se liront ainsi.", name=source.name), "accepted")
    return redirect(url_for("mappings.show", source=source.name))


def _source(name: str) -> Source:
    with house().services.ledger.reading() as connection:
        return find_source(connection, name) or abort(404)


def _as_kept(source: Source) -> dict[str, Any]:
    mapping = default_mapping(source.kind) if source.mapping is None else source.mapping
    return {"payload": "", "mapping": "" if mapping is None else _written(mapping), "groups": source.groups}


def _written(value: Any, margin: str = "", used: int = 0) -> str:
    """JSON as people write it: what fits on a line, of which so much is `used`, stays on one."""
    line, inner = json.dumps(value, ensure_ascii=False), margin + "  "
    if used + len(line) <= _LINE or not isinstance(value, dict | list):
        return line
    if isinstance(value, list):
        (first, last), said = "[]", [_written(each, inner, len(inner)) for each in value]
    else:
        named = [(f"{json.dumps(name, ensure_ascii=False)}: ", each) for name, each in value.items()]
        (first, last), said = "{}", [name + _written(each, inner, len(inner + name)) for name, each in named]
    return f"{first}\n{inner}" + f",\n{inner}".join(said) + f"\n{margin}{last}"


def _page(source: Source, typed: dict[str, Any], **found: Any) -> str:
    shown = {"problems": (), "order": None, "view": None, "said": (), "unsaid": (), "unread": (), "sums": None, **found}
    named = {"content": content_in_force(), "tax_names": TAX_NAMES}
    return render_template("mapping.html", source=source, typed=typed, **named, **shown)
