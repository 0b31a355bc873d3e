"""The only place that knows HTTP, the environment and the clock."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from web import (
    api,
    api_docs,
    auth,
    calls,
    errors,
    groups,
    health,
    history,
    icons,
    invoices,
    language,
    metrics,
    navigation,
    overview,
    proposals,
    ranks,
    review,
    scenarios,
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
from web.security import harden

MAX_BODY = 1_000_000
PAGES = (
    overview,
    groups,
    ranks,
    proposals,
    whatif,
    scenarios,
    history,
    review,
    order_pages,
    invoices,
    outbox_pages,
    language,
    api_docs,
)


def create_app(house: House) -> Flask:
    """The application over an open house."""
    app = Flask(__name__, static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.extensions["houblon"] = house
    auth.register(app, house)
    csrf = CSRFProtect(app)
    language.register(app)
    icons.register(app)
    navigation.register(app)
    errors.register(app)
    harden(app, house.settings)
    calls.register(app)
    for engine in {house.desk.ledger.engine, house.desk.ledger.write_engine}:
        metrics.watch_database(engine)
    for door in (webhooks, health):
        csrf.exempt(door.blueprint)
        app.register_blueprint(door.blueprint)
    api.register(app, csrf, house)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    return app
