"""Behind proxies: whose address is believed, and how the request came."""

from dataclasses import replace

import pytest
from flask import request
from sqlalchemy import select

from houblon.web.access.accounts import sessions
from houblon.web.foundation.settings import BadSetting, Settings
from tests.web.houses import ADMIN, app_over, token_of

CHAIN = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.0.0.1", "X-Forwarded-Proto": "https, https, https"}


@pytest.mark.parametrize(("count", "address", "secure"), [(0, "127.0.0.1", False), (2, "203.0.113.7", True)])
def test_only_what_trusted_proxies_added_is_believed(place, count, address, secure):
    house = replace(place.house, settings=replace(place.house.settings, trusted_proxies=count))
    with app_over(house).test_client() as client:
        token = token_of(client.get("/connexion", headers=CHAIN).get_data(as_text=True))
        form = {"email": ADMIN, "password": place.password, "csrf_token": token}
        sent = {**CHAIN, "Referer": "https://localhost/connexion"}
        assert client.post("/connexion", data=form, headers=sent).status_code == 302
        assert (request.remote_addr, request.is_secure) == (address, secure)
    with house.services.ledger.reading() as connection:
        assert connection.execute(select(sessions.c.address)).scalars().all() == [address]


def test_their_number_is_a_small_whole_one(tmp_path):
    assert Settings.from_env({"HOUBLON_TRUSTED_PROXIES": "2"}, tmp_path).trusted_proxies == 2
    with pytest.raises(BadSetting, match="HOUBLON_TRUSTED_PROXIES"):
        Settings.from_env({"HOUBLON_TRUSTED_PROXIES": "all"}, tmp_path)
