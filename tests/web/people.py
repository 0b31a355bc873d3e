"""People of every role for tests, and what their pages let them do."""

import re
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from flask_security.utils import hash_password
from passlib.totp import TOTP

from houblon.web.access import account_commands
from houblon.web.access.permissions import ROLES
from houblon.web.access.sessions import KEY
from tests.clock import real
from tests.web.houses import Place, token_of

PASSWORD = "une phrase de passe"


def address_of(role: str) -> str:
    return f"{role}@houblon.example"


def populate(place: Place) -> None:
    """An account a role, each with PASSWORD."""
    with place.app.app_context():
        hashed = hash_password(PASSWORD)
    for role in ROLES:
        place.house.services.ledger.write(
            lambda connection, role=role: account_commands.add(
                connection, address_of(role), role, by=None, password=hashed
            )
        )


def someone(place: Place, role: str) -> FlaskClient:
    """The browser of the person with this role, signed in."""
    return place.signed_in(address_of(role), PASSWORD)


def account_of(place: Place, email: str) -> Any:
    with place.house.services.ledger.reading() as connection:
        id = account_commands.id_of(connection, email)
        return None if id is None else account_commands.account(connection, id)


def session_of(client: FlaskClient) -> str:
    with client.session_transaction() as kept:
        return kept[KEY]


def code_for(key, ahead=0):
    """The code that an authenticator shows now, or `ahead` steps of 30 s from now."""
    return TOTP(key=key, format="base32").generate(time=int(real().timestamp()) + 30 * ahead).token


def enrol(client):
    """Enrol a second factor as a person would; the key in their authenticator."""
    asked = client.get("/compte/deuxieme-facteur").get_data(as_text=True)
    form = {"csrf_token": token_of(asked), "setup": "authenticator"}
    shown = client.post("/compte/deuxieme-facteur", data=form).get_data(as_text=True)
    key = re.search(r'class="key">([^<]+)<', shown).group(1).replace("-", "")
    assert 'src="data:image/svg+xml;base64,' in shown
    action = re.search(r'action="(/compte/deuxieme-facteur/[^"]+)"', shown).group(1)
    done = client.post(action, data={"csrf_token": token_of(shown), "code": code_for(key)})
    assert done.location.endswith("/compte/codes-de-secours")
    return key


class _Forms(HTMLParser):
    """Where a page's buttons lead: `(method, address)` of each form and of each button with its own."""

    def __init__(self, here: str):
        super().__init__()
        self.here, self.method, self.found = here, "get", []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.method = (said.get("method") or "get").lower()
            self.found.append((self.method, said.get("action") or self.here))
        elif "formaction" in said:
            self.found.append((self.method, said["formaction"]))
        for name in ("post", "put", "patch", "delete"):
            if f"hx-{name}" in said:
                self.found.append((name, said[f"hx-{name}"] or self.here))


def acts_on(page: str, here: str) -> list[tuple[str, str]]:
    """Every `(method, path)` that the page's forms and buttons send to, but for plain reading."""
    reader = _Forms(here)
    reader.feed(page)
    return [(method, re.sub(r"[?#].*", "", address)) for method, address in reader.found if method != "get"]
