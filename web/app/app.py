"""Puts the application together: every door and page over an open house."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from houblon.web import api
from houblon.web.acceleration import fast_path
from houblon.web.access import auth, throttle
from houblon.web.accounts import enrolment, forgotten, invitation, own_account, users
from houblon.web.admin import audit_page, endpoints, keys, mappings, profile, refused_calls, sources
from houblon.web.admin import messages as outbox_pages
from houblon.web.admin import reminders as upcoming
from houblon.web.api import api_docs
from houblon.web.app import navigation
from houblon.web.app.middleware import App, separate
from houblon.web.deliveries import pages as deliveries
from houblon.web.drafts import history, import_export, planned, scenarios
from houblon.web.drafts import pages as proposals
from houblon.web.foundation import browsers, errors, language, metrics, paging, request_log
from houblon.web.foundation.composition import House
from houblon.web.foundation.headers import harden, trust_proxies
from houblon.web.groups import identity as group_identity
from houblon.web.groups import pages as groups
from houblon.web.groups import ranks
from houblon.web.ingest import webhooks
from houblon.web.invoices import bank, books, disputes, reminders, settling
from houblon.web.invoices import pages as invoices
from houblon.web.limits import entry as limits_entry
from houblon.web.limits import sizes
from houblon.web.orders import (
    bulk,
    changes,
    delivery,
    entry,
    lifecycle,
    overview,
    planned_delivery,
    review,
    saved_views,
    whatif,
)
from houblon.web.orders import pages as order_pages
from houblon.web.presentation import days, icons, transition_text
from houblon.web.privacy import pages as privacy
from houblon.web.products import files as product_files
from houblon.web.products import pages as products
from houblon.web.retailers import joining, membership_files, memberships, shared_statements, statements
from houblon.web.retailers import pages as retailers
from houblon.web.rule_editor import pages as rule_editor
from houblon.web.simulations import files as simulation_files
from houblon.web.simulations import pages as simulations
from houblon.web.telemetry import health

PAGES = (
    overview,
    groups,
    group_identity,
    retailers,
    joining,
    statements,
    shared_statements,
    memberships,
    membership_files,
    products,
    product_files,
    rule_editor,
    ranks,
    proposals,
    planned,
    import_export,
    whatif,
    simulation_files,
    simulations,
    scenarios,
    history,
    review,
    bulk,
    order_pages,
    entry,
    delivery,
    changes,
    lifecycle,
    saved_views,
    planned_delivery,
    invoices,
    settling,
    disputes,
    bank,
    books,
    reminders,
    outbox_pages,
    upcoming,
    deliveries,
    endpoints,
    users,
    keys,
    sources,
    mappings,
    refused_calls,
    audit_page,
    profile,
    privacy,
    own_account,
    invitation,
    language,
    api_docs,
)


def create_app(house: House) -> Flask:
    """The application over an open house."""
    app = App("houblon.web", static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = sizes.BODY
    app.extensions["houblon"] = house
    paging.register(app)
    limits_entry.register(app)
    auth.register(app, house)
    own_account.register(app, house)
    forgotten.register(app)
    enrolment.register(app)
    throttle.register(app, house)
    csrf = CSRFProtect(app)
    language.register(app)
    icons.register(app)
    days.register(app)
    browsers.register(app)
    transition_text.register(app)
    navigation.register(app)
    errors.register(app)
    request_log.register(app)
    for engine in {house.services.ledger.engine, house.services.ledger.write_engine}:
        metrics.watch_database(engine)
    for door in (webhooks, health):
        csrf.exempt(door.blueprint)
        app.register_blueprint(door.blueprint)
    api.register(app, csrf, house)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    separate(app)
    if house.settings.acceleration:
        fast_path.put_before(app, house)
    harden(app, house.settings)
    trust_proxies(app, house.settings.trusted_proxies)
    return app
