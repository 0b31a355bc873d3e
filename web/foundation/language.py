"""French first, English by a switch that a cookie remembers."""

from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from babel.support import NullTranslations
from flask import Blueprint, Flask, after_this_request, redirect, request
from flask_babel import Babel, Domain, get_locale
from flask_login import user_logged_in
from werkzeug import Response

from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.web.foundation import format
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.limits.entry import way_back

blueprint = Blueprint("language", __name__)
R = TypeVar("R", bound=Response)
_COOKIE = "langue"
_YEAR = 365 * 24 * 3600


class _French(NullTranslations):
    """The language that pages are written in: it needs no catalogue, and says « 0 facture »."""

    def ungettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return msgid1 if abs(n) < 2 else msgid2

    ngettext = ungettext


class _Catalogues(Domain):
    """The catalogue of the request's language."""

    def get_translations(self) -> NullTranslations:
        return _FRENCH if current() == "fr" else super().get_translations()  # type: ignore[no-untyped-call]


_FRENCH = _French()


def current() -> str:
    """`fr` or `en`, for the request at hand."""
    locale = get_locale()
    return "en" if locale and locale.language == "en" else "fr"


def register(app: Flask) -> None:
    """Translations, and the formats that templates use, in the language of the request."""
    babel = Babel(app, default_locale="fr", locale_selector=_selected)  # type: ignore[no-untyped-call]  # typed in part
    babel.domain_instance = _Catalogues()  # type: ignore[no-untyped-call]

    def text(value: Any) -> str:
        """A Text, or its JSON form, in the language of the request."""
        if value is None:
            return ""
        said = value.in_(current()) if isinstance(value, Text) else value[current()]
        return format.typeset(said, current())

    def zone(house: House) -> Any:
        return house.services.installation.zone

    app.jinja_env.filters.update(
        text=text,
        typeset=lambda said: format.typeset(said, current()),
        sentence_case=lambda words: words[:1].upper() + words[1:],
        money=lambda amount: format.money(amount, current()),
        dollars=lambda amount: format.money(cents_written(amount), current()),
        percent=lambda value: format.percent(value, current()),
        number=lambda value: format.number(value, current()),
        day=lambda value: format.day(_day(value, zone(house())), current()),
        moment=lambda value: format.moment(value, current(), zone(house())),
        until=lambda value: format.until(value, house().now(), current(), zone(house())),
        short_day=lambda value: format.short_day(
            _day(value, zone(house())), house().now().astimezone(zone(house())).date(), current()
        ),
        ago=lambda value: format.ago(value, house().now(), current(), zone(house())),
    )
    app.jinja_env.globals["language"] = current

    def _spoken(_: Flask, user: Any, **__: Any) -> None:
        """A browser that somebody signs in with speaks the language of their account."""
        if user.language in ("fr", "en"):
            after_this_request(lambda response: remember(response, user.language))

    user_logged_in.connect(_spoken, app)
    # Signals hold their listeners weakly: the app keeps this one alive.
    app.extensions["houblon.language"] = _spoken


def _day(value: date | datetime | str, zone: ZoneInfo) -> date:
    """The day of a moment in the zone, a written one too; a day is itself, and so is one that is written."""
    if isinstance(value, str):
        is_moment = len(value) > len("2021-05-12")
        value = datetime.fromisoformat(value) if is_moment else date.fromisoformat(value)
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def _selected() -> str:
    return "en" if request.cookies.get(_COOKIE) == "en" else "fr"


@blueprint.post("/langue")
def switch() -> Response:
    """Remember the language asked for and come back to the page."""
    chosen = "en" if request.form.get("langue") == "en" else "fr"
    return remember(redirect(way_back("/")), chosen)


def remember(response: R, language: str) -> R:
    """Have the browser ask for this language from now on."""
    response.set_cookie(_COOKIE, language, max_age=_YEAR, samesite="Lax", httponly=True)
    return response
