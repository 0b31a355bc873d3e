"""The proposal that a person is working in: pages show it, and what they save goes into it."""

from collections.abc import Hashable, Iterable

import msgspec
from flask import current_app, flash, session
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from houblon.engine.core.problem import Invalid, Problem
from houblon.orders.queries.seen_values import seen_values
from houblon.rules.checks.checks import check
from houblon.rules.checks.idle_rules import idle_rules, newly_idle
from houblon.rules.checks.lint import warnings
from houblon.rules.model.changes import Change
from houblon.rules.model.content import Content
from houblon.rules.model.proposal import OPEN, SCHEDULED, Proposal, Rebased, changes_in
from houblon.rules.model.statements import Document, Edit, Statement, stated
from houblon.rules.publishing.drafts import begin, moving, preview, revise
from houblon.rules.publishing.proposals import Stale
from houblon.rules.publishing.timeline import Step, touched_by
from houblon.rules.store.caches import LruCache
from houblon.web.access.audit import by as acting
from houblon.web.access.audit import copy_entries, proposal_entry
from houblon.web.access.auth import author
from houblon.web.access.authorization import may
from houblon.web.drafts.naming import content_name
from houblon.web.drafts.planned import rebased_now, step_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.stale import Outdated, check_seen

_KEY, _OUTLOOKS, _REMEMBERED = "brouillon", "houblon.outlooks", 32


class Outlook(msgspec.Struct, frozen=True, eq=False):
    """What publishing a proposal now would give: its content, what refuses it, what is worth a look.

    Of a planned one, at its moment: `step` is what it makes then of what is in force.
    """

    content: Content
    faults: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    step: Step | None = None


class Comparison(msgspec.Struct, frozen=True, eq=False):
    """A proposal beside what is in force, at its moment where it is planned: itself on top of `before`, and what it
    changes of that; what one that is over changed of its base. `outlook` is that of one that may still be published."""

    outlook: Outlook | None
    rebased: Rebased
    before: Content
    changes: tuple[Change, ...]


def working_in() -> Proposal | None:
    """The signed-in person's open proposal, if there is one."""
    id = session.get(_KEY) if may("edit") else None
    found = house().store.history().proposals.get(id) if id else None
    return found if found is not None and found.state == OPEN else None


def enter(id: str) -> None:
    session[_KEY] = id


def leave() -> None:
    session.pop(_KEY, None)


def newest() -> Content:
    store = house().store
    return store.content(store.newest().number)


def shown(proposal: Proposal | None) -> Content:
    """What pages show: the proposal's content, else what is in force."""
    return newest() if proposal is None else outlook(proposal).content


def outlook(proposal: Proposal) -> Outlook:
    """What publishing it now would give; looked into once for each revision, version and whatever else it is from."""
    # The app's own: another installation in the same process has other proposals of the same name.
    known: LruCache[Hashable, Outlook] = current_app.extensions.setdefault(_OUTLOOKS, LruCache(_REMEMBERED))
    if proposal.state == SCHEDULED:
        # What it gives changes with what is planned before it.
        return _look(proposal)
    newest = house().store.newest()
    given = (newest.number, newest.hash, *_given(newest.number))
    return known.get((proposal.id, proposal.revision, *given), lambda: _look(proposal))


def compared(proposal: Proposal) -> Comparison:
    is_alive = proposal.state in (OPEN, SCHEDULED)
    seen = outlook(proposal) if is_alive else None
    step = seen.step if seen else None
    rebased, before = (step.rebased, step.before) if step else (rebased_now(proposal), newest())
    base = house().store.history().content(proposal.base)
    changes = changes_in(rebased.edits, before) if is_alive else changes_in(proposal.edits, base)
    return Comparison(seen, rebased, before, changes)


def _given(newest: int) -> tuple[Hashable, ...]:
    """Names what an outlook takes as given beside the rules: the place, who is in which groups, what orders name."""
    services = house().services

    def read() -> int:
        with services.ledger.reading() as connection:
            return hash(frozenset(house().everyone(connection).items()))

    # Of thousands of retailers: read and reduced once for each state of the ledger.
    everyone = services.ledger.query_cache.get(("everyone", newest), read)
    return services.installation, everyone, seen_values(services.ledger)


def _look(proposal: Proposal) -> Outlook:
    step = step_of(proposal)
    if step is not None:
        touched = touched_by(step.rebased).groups
        return Outlook(step.after, step.problems, warnings(step.after, touched), step)
    check_context = house().check_context
    made = preview(house().store.history(), proposal, house().now(), check_context.memberships)
    faults: tuple[Problem, ...] = ()
    try:
        check(made.content, made.touched, check_context)
    except Invalid as invalid:
        faults = invalid.problems
    changed, seen = made.changed_groups, seen_values(house().services.ledger)
    idle = idle_rules(made.content, seen, changed)
    elsewhere = [each for each in newly_idle(newest(), made.content, seen) if each not in idle]
    return Outlook(made.content, faults, (*warnings(made.content, changed), *idle, *elsewhere))


def etag(proposal: Proposal | None) -> str:
    """Names what a page shows; a save sends it back."""
    number = house().store.newest().number
    return f"{number}" if proposal is None else f"{number}.{proposal.id}.{proposal.revision}"


def save(statements: Iterable[Statement], form: MultiDict[str, str], name: str) -> None:
    """Put the statements into the person's proposal, a new one if they have none; what changes nothing begins none.

    The form's `etag` is that of the page. Raises Invalid; Outdated when somebody published or changed
    the proposal since the page was made.
    """
    proposal, by = working_in(), acting(house(), author())
    check_seen(form.get("etag"), etag(proposal))
    said = list(statements)
    if _says_nothing_new(shown(proposal), said):
        flash(_("Rien n’a changé : c’est déjà ainsi."))
        return
    if proposal is None:
        begun = proposal_entry(by, "proposal.begun", lambda made: {"name": made.name})
        proposal = begin(house().store, name, by=by.who, at=by.at, is_named=False, entry_of=begun)
        enter(proposal.id)
    try:
        entry_of = proposal_entry(by, "proposal.revised", _documents)
        revised = revise(
            house().store,
            proposal.id,
            said,
            by=by.who,
            at=by.at,
            seen=proposal.revision,
            name_of=content_name,
            entry_of=entry_of,
        )
    except Stale:
        raise Outdated from None
    finally:
        copy_entries(house())
    flash(_("Noté dans le brouillon « %(name)s » ; rien n’est encore en vigueur.", name=revised.name), "accepted")


def _says_nothing_new(content: Content, statements: list[Statement]) -> bool:
    """Whether all that is stated stands so already. Raises Invalid."""
    documents: dict[tuple[str, str], Document | None] = {}
    for each in statements:
        key = (each.kind, each.id)
        try:
            documents[key] = stated(documents.get(key, content.document(*key)), each)
        except LookupError:
            return False  # removed meanwhile, which is told where it is saved
    return not moving(content, [Edit(kind, id, document) for (kind, id), document in documents.items()])


def _documents(proposal: Proposal) -> dict[str, object]:
    """The proposal's documents, for the audit log."""
    return {f"/{edit.kind}s/{edit.id}": edit.document for edit in proposal.edits}
