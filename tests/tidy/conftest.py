"""The installation that the web's tests copy."""

from tests.web.conftest import place, template  # noqa: F401
