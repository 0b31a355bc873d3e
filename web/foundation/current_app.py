"""The open house of the running app, for the views."""

from flask import current_app

from houblon.web.foundation.composition import House


def house() -> House:
    found: House = current_app.extensions["houblon"]
    return found
