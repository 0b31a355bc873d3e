"""Sources and keys: who may knock, and with what."""

import hashlib

import pytest

from houblon.engine.core.problem import Invalid
from houblon.orders.credentials.credentials import add_key, add_source, find_key, retire_secrets, senders, touch_key
from houblon.orders.db import tables
from houblon.web.ingest.signatures import sign, verify
from tests.clock import NOW
from tests.orders.services import rows


def random(count):
    return bytes(range(count))


def test_a_source_s_secret_signs_and_verifies(services):
    secret = services.ledger.write(lambda connection: add_source(connection, "boutique", random, NOW))
    with services.ledger.reading() as connection:
        assert [(each.source, each.secrets) for each in senders(connection)] == [("boutique", (secret,))]
    assert verify([secret], sign(secret, "msg_1", NOW, b"{}"), b"{}", NOW) == "msg_1"


def test_a_source_may_have_two_secrets_while_one_is_replaced(services):
    def other(count):
        return bytes(count)

    for source in (random, other):
        services.ledger.write(lambda connection, source=source: add_source(connection, "boutique", source, NOW))
    with services.ledger.reading() as connection:
        [sender] = senders(connection)
    assert len(set(sender.secrets)) == 2
    assert services.ledger.write(lambda connection: retire_secrets(connection, "boutique", keep=1)) == 1
    with services.ledger.reading() as connection:
        assert senders(connection)[0].secrets == sender.secrets[1:]


def test_a_shop_s_source_takes_the_secret_that_the_shop_made(services):
    def add(kind, secret, name="boutique"):
        return services.ledger.write(lambda connection: add_source(connection, name, random, NOW, kind, secret))

    assert add("shopify", "shpss_0123456789") == "shpss_0123456789"
    with services.ledger.reading() as connection:
        assert [each.source for each in senders(connection, "shopify")] == ["boutique"]
        assert not senders(connection)
    for kind, secret, name in (
        ("shopify", None, "autre"),
        ("shopify", "court", "autre"),
        ("standard", None, "boutique"),
        ("standard", "whsec_pas du base64", "autre"),
        ("etsy", "0123456789", "autre"),
    ):
        with pytest.raises(Invalid):
            add(kind, secret, name)


def test_only_a_key_s_hash_is_kept(services):
    key = services.ledger.write(lambda connection: add_key(connection, "caisse", ["decide"], random, NOW))
    [row] = rows(services, tables.api_keys)
    assert row.hash == hashlib.sha256(key.encode()).hexdigest() and key not in str(row)
    with services.ledger.reading() as connection:
        assert find_key(connection, key).scopes == ["decide"]
        assert find_key(connection, key + "x") is None
    services.ledger.write(lambda connection: touch_key(connection, key, NOW))
    assert rows(services, tables.api_keys)[0].last_used_at == NOW


@pytest.mark.parametrize("name", ["", " x", "x" * 61, "a\nb"])
def test_a_name_that_can_t_be_shown_is_refused(services, name):
    for add in (
        lambda connection: add_source(connection, name, random, NOW),
        lambda connection: add_key(connection, name, ["decide"], random, NOW),
    ):
        with pytest.raises(Invalid):
            services.ledger.write(add)


@pytest.mark.parametrize("scopes", [[], ["everything"], ["decide", "everything"]])
def test_an_unknown_scope_is_refused(services, scopes):
    with pytest.raises(Invalid):
        services.ledger.write(lambda connection: add_key(connection, "caisse", scopes, random, NOW))
