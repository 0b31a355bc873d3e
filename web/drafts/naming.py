"""What a draft is called until somebody names it: by what it changes now, apart from the other open ones."""

from collections.abc import Iterator
from itertools import count

from flask_babel import gettext as _
from flask_babel import ngettext

from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content
from houblon.rules.model.proposal import OPEN, SCHEDULED, Proposal, changes_in
from houblon.rules.model.statements import ABSENT
from houblon.rules.store.history import History
from houblon.web.foundation.language import current
from houblon.web.presentation.change_text import describe_change, document_name, what_of

_LONGEST, _SHORT_VALUE = 80, 24


def content_name(history: History, proposal: Proposal) -> str:
    """A name for the proposal; the one that it has where it changes nothing."""
    base = history.content(proposal.base)
    changed = changes_in(proposal.edits, base)
    if not changed:
        return proposal.name
    others = {
        each.name for each in history.proposals.values() if each.id != proposal.id and each.state in (OPEN, SCHEDULED)
    }
    name = _cut(_summary(changed, proposal, base), _LONGEST)
    return next(each for each in _numbered(name) if each not in others)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        suffix = f" ({number})"
        yield _cut(name, _LONGEST - len(suffix)) + suffix


def _summary(changed: tuple[Change, ...], proposal: Proposal, base: Content) -> str:
    if len(changed) == 1:
        return _one(changed[0], proposal, base)
    wheres = list(dict.fromkeys(_where(each, proposal, base) for each in changed))
    if len(wheres) == 1 and changed[0].path:
        more = ngettext("et %(num)s autre changement", "et %(num)s autres changements", len(changed) - 1)
        return f"{_one(changed[0], proposal, base)} {more}"
    counted = ngettext("%(num)s changement", "%(num)s changements", len(changed))
    return f"{', '.join(wheres)} : {counted}"


def _one(change: Change, proposal: Proposal, base: Content) -> str:
    where = _where(change, proposal, base)
    if change.path == "":
        return _whole(change, where)
    value = describe_change(change, base).after.in_(current())
    line = f"{where} : {what_of(change).in_(current())}"
    return line if len(value) > _SHORT_VALUE else f"{line} → {value}"


def _whole(change: Change, name: str) -> str:
    made = change.before is ABSENT
    match change.kind:
        case "group":
            return _("nouveau groupe %(name)s", name=name) if made else _("archiver %(name)s", name=name)
        case "cycle":
            return _("livraisons de %(name)s", name=name) if made else _("sans les livraisons de %(name)s", name=name)
        case "scenario":
            return _("cas de test %(name)s", name=name) if made else _("sans le cas de test %(id)s", id=name)
        case "guardrail":
            return _("garde-fou %(name)s", name=name) if made else _("sans le garde-fou %(id)s", id=name)
    return name


def _where(change: Change, proposal: Proposal, base: Content) -> str:
    """The document's name, as it is in force, else as the draft makes it."""
    document = base.document(change.kind, change.id) or next(
        (each.document for each in proposal.edits if (each.kind, each.id) == (change.kind, change.id)), None
    )
    return document_name(document or {}, change.id)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
