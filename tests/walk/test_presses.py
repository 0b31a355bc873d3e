"""Every button of the demonstration pressed once, with what a person would type; then the walk again."""

import pytest

from tests.walk.examples import EXAMPLES
from tests.walk.pressing import Pressing
from tests.walk.strolls import Stroll

# What changes something and is sent by no form that one is led to here; other tests press it.
ELSEWHERE = {
    "proposals.resolve_conflicts",  # two drafts that want different things
    "proposals.ask_approval",  # where approval is asked of a draft that is somebody else's to give
    "review.issue_invoice",  # a policy that leaves invoicing to a person
    "simulations.cancel",  # there only while a simulation runs
    # For who has lost a telephone, signed in long ago, or has several ways to be known: it leads on.
    "security.mf_recovery",
    "security.tf_select",  # closed
    "security.two_factor_rescue",  # closed
    "security.verify",
}
DOORS = ("api", "webhooks")


@pytest.fixture(scope="module")
def pressed(stroll, spare):
    """Two rounds with a walk between them: what is done brings other buttons, and leaves nothing that leads nowhere."""
    pressing = Pressing(spare, stroll, EXAMPLES)
    pressing.press_all()
    afterwards = Stroll(spare.base, spare.made.routes)
    afterwards.walk(spare.visitor("administrator", "fr"), [f"{spare.base}/"], most=1, thorough=True)
    pressing.go_on(afterwards)
    return pressing


def test_every_button_does_what_its_example_says(pressed, spare):
    assert not pressed.faults, "\n".join(pressed.faults)
    assert spare.complaints() == []


def test_nothing_leads_nowhere_after_all_that_was_done(pressed):
    assert not pressed.stroll.faults, "\n".join(pressed.stroll.faults)


def test_no_act_is_left_out(pressed, stroll):
    acts = {rule.endpoint for rule in stroll.routes.iter_rules() if "POST" in rule.methods}
    acts = {each for each in acts if each.partition(".")[0] not in DOORS} - ELSEWHERE
    assert acts - pressed.endpoints == set()
