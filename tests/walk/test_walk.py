"""A walk through the running demonstration by everybody, in both languages: all that one is led to is there."""

# Views that no link leads to, each for its reason.
NOT_LED_TO = {
    "security.logout",  # a press
    "group_identity.show",  # where a name that was refused is shown again
    # A retailer whose id no address can hold.
    "retailers.asked",
    "statements.show_asked",
    "statements.as_pdf_asked",
    # The link in a letter to a retailer.
    "shared_statements.show",
    "shared_statements.as_pdf",
    # Where somebody with a second factor is led while they sign in, and what flask-security answers by leading on.
    "security.mf_recovery",
    "security.mf_recovery_codes",
    "security.tf_select",  # closed
    "security.two_factor_rescue",  # closed
    "security.two_factor_token_validation",
    "security.verify",
    "security.static",  # closed
}
DOORS = ("api", "webhooks")  # for machines, by key or signature


def test_nothing_that_one_is_led_to_is_broken_or_missing(stroll, running):
    assert not stroll.faults, "\n".join(stroll.faults)
    assert running.complaints() == []


def test_the_walk_is_as_long_as_it_says(stroll):
    assert len(stroll.opened) >= 250
    assert len(stroll.shapes) >= 90
    assert {"pdf", "csv", "xlsx", "json", "jsonl", "text/html", "svg", "css", "js"} <= stroll.kinds


def test_no_view_is_left_out(stroll):
    views = {rule.endpoint for rule in stroll.routes.iter_rules() if "GET" in rule.methods}
    views = {each for each in views if each.partition(".")[0] not in DOORS} - NOT_LED_TO
    views -= {"health.measures"}  # by key
    assert views - stroll.endpoints == set()
