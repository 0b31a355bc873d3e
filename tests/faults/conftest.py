"""The installation that the web's tests copy."""

from tests.web.conftest import template

__all__ = ["template"]
