"""Puts the application together: every door and page over an open house."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from web import (
    account,
    api,
    api_docs,
    auth,
    browsers,
    bulk,
    calls,
    days,
    deliveries,
    endpoints,
    errors,
    exchange,
    express,
    group_identity,
    groups,
    health,
    history,
    icons,
    invitation,
    invoices,
    journal,
    keys,
    language,
    lifecycle,
    mappings,
    membership_files,
    memberships,
    metrics,
    move_text,
    navigation,
    overview,
    planned_delivery,
    profile,
    proposals,
    ranks,
    retailers,
    review,
    rule_editor,
    scenarios,
    simulation_files,
    simulations,
    sources,
    users,
    views,
    webhooks,
    whatif,
)
from web import (
    orders as order_pages,
)
from web import (
    outbox as outbox_pages,
)
from web.composition import House
from web.lanes import App, separate
from web.security import harden, trust_proxies

MAX_BODY = 1_000_000
PAGES = (
    overview,
    groups,
    group_identity,
    retailers,
    memberships,
    membership_files,
    rule_editor,
    ranks,
    proposals,
    exchange,
    whatif,
    simulation_files,
    simulations,
    scenarios,
    history,
    review,
    bulk,
    order_pages,
    lifecycle,
    views,
    planned_delivery,
    invoices,
    outbox_pages,
    deliveries,
    endpoints,
    users,
    keys,
    sources,
    mappings,
    journal,
    profile,
    account,
    invitation,
    language,
    api_docs,
)


def create_app(house: House) -> Flask:
    """The application over an open house."""
    app = App(__name__, static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.extensions["houblon"] = house
    auth.register(app, house)
    account.register(app, house)
    csrf = CSRFProtect(app)
    language.register(app)
    icons.register(app)
    days.register(app)
    browsers.register(app)
    move_text.register(app)
    navigation.register(app)
    errors.register(app)
    calls.register(app)
    for engine in {house.desk.ledger.engine, house.desk.ledger.write_engine}:
        metrics.watch_database(engine)
    for door in (webhooks, health):
        csrf.exempt(door.blueprint)
        app.register_blueprint(door.blueprint)
    api.register(app, csrf, house)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    separate(app)
    express.expedite(app, house)
    harden(app, house.settings)
    trust_proxies(app, house.settings.trusted_proxies)
    return app
