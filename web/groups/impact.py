"""How far a change of one setting would go, told before it is saved."""

from typing import Any

import msgspec
from flask_babel import gettext as _

from houblon.engine.policy.policy import BASE
from houblon.engine.policy.settings import check_setting
from houblon.orders.queries.recent_orders import Shift, decide_all, shift
from houblon.orders.retailers.memberships import count_in_no_group
from houblon.rules.checks.impact import ImpactCount, impact_count, states
from houblon.rules.model.content import Content, Group
from houblon.rules.model.proposal import Proposal
from houblon.rules.model.statements import ABSENT, Statement
from houblon.rules.publishing.drafts import preview_statements
from houblon.web.access.auth import author
from houblon.web.drafts.live_preview import past_in
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.presentation.setting_forms import FORMS, typed_value


class Outlook(msgspec.Struct, frozen=True):
    """One choice and its reach. `follow` and `shielded` are groups, for a change of Tous; `same` changes nothing."""

    label: str
    same: bool
    impact_count: ImpactCount
    follow: tuple[Group, ...]
    shielded: tuple[Group, ...]
    shift: Shift


def outlooks(group: Group, path: str, form: Any, content: Content, proposal: Proposal | None) -> list[Outlook]:
    """The reach of what is typed, then of stating none and of giving back, where that can be done.

    Raises Invalid when what is typed can't be read.
    """
    choices = [(_("Avec cette valeur"), check_setting(path, typed_value(path, form, current())))]
    none = FORMS[path].none
    if none is not None and group.settings.get(path, ABSENT) is not None:
        choices.append((none.in_(current()), None))
    if path in group.settings and group.id != BASE:
        choices.append((_("Rendu à Tous"), ABSENT))
    with house().services.ledger.reading() as connection:
        kept = {**house().everyone(connection), **content.moved}
        others = count_in_no_group(connection, kept)
    installation = house().services.installation
    past = past_in(content)
    before = decide_all(past, content, installation)
    groups = [each for each in content.ranked() if each.id not in (BASE, group.id)]
    found = []
    for label, value in choices:
        made = preview_statements(
            house().store.history(),
            proposal,
            [Statement("group", group.id, path, value)],
            by=author(),
            at=house().now(),
        ).content
        found.append(
            Outlook(
                label,
                made.groups[group.id].settings.get(path, ABSENT) == group.settings.get(path, ABSENT),
                impact_count(content, group.id, path, kept, others),
                tuple(each for each in groups if not states(each, path)) if group.id == BASE else (),
                tuple(each for each in groups if states(each, path)) if group.id == BASE else (),
                shift(before, decide_all(past, made, installation)),
            )
        )
    return found
