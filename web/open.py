"""The open house of the running app, for the views."""

from flask import current_app

from web.composition import House


def house() -> House:
    return current_app.extensions["houblon"]
