"""Where outgoing webhooks go: to permitted addresses, by names that are judged when they are called."""

import ssl

import pytest
import trustme
from sqlalchemy import select

from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.events import endpoints
from houblon.orders.events.endpoints import Wanted
from houblon.orders.events.webhook_addresses import EVERYWHERE
from houblon.orders.outbox import webhook_transport
from houblon.orders.outbox.webhook_transport import WebhookTransport
from tests.clock import NOW
from tests.orders.events.test_webhooks_out import SAID, add, deliver, random, receiver, transport  # noqa: F401
from tests.orders.receivers import Endpoint, serving


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_nothing_is_sent_to_this_machine_unless_that_is_allowed(receiver, host):
    url = receiver.url.replace("127.0.0.1", host)
    guarded = WebhookTransport(url, ["whsec_AAAA"], lambda: NOW)
    with pytest.raises(webhook_transport.Refused, match="open internet"):
        guarded.send("1", url, {})
    assert receiver.calls == []


def test_a_name_is_judged_by_what_it_leads_to_when_it_is_called(receiver):
    """DNS rebinding: the name led to the open internet when it was checked, and leads here when it is called."""
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return answers[min(len(asked), 1)]

    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    with pytest.raises(webhook_transport.Refused):
        WebhookTransport(url, ["whsec_AAAA"], lambda: NOW, resolve=rebinding).send("1", url, {})
    assert asked == ["rebinding.example"] and receiver.calls == []


def test_a_name_with_an_open_and_a_private_address_is_only_called_at_the_open_one(receiver):
    tried = WebhookTransport(
        receiver.url, ["whsec_AAAA"], lambda: NOW, timeout=0.3, resolve=lambda host, port: ["127.0.0.1", "192.0.2.1"]
    )
    with pytest.raises(webhook_transport.Refused):
        tried.send("1", receiver.url, {})
    assert receiver.calls == []


def test_certificates_are_checked(monkeypatch, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(Endpoint(), tls=context) as endpoint:
        posting = WebhookTransport(endpoint.url, ["whsec_AAAA"], lambda: NOW, EVERYWHERE, 5.0)
        webhook_transport._context.cache_clear()
        with pytest.raises(webhook_transport.Unreachable, match="(?i)certificate"):
            posting.send("1", endpoint.url, {})
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        webhook_transport._context.cache_clear()
        assert posting.send("1", endpoint.url, {}) == "HTTP 204"
    webhook_transport._context.cache_clear()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver.example",
        "ftp://receiver.example/",
        "http://receiver.example/",
        "https://",
        "https://user:pw@receiver.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://receiver.example:99999/",
        "https://[receiver/",
        "https://receiver.example/\nx",
        "https://réception.example/",
        "https://r.example/" + "x" * 2000,
    ],
)
def test_what_is_no_address_to_post_to_is_refused_with_a_reason(services, url):
    with pytest.raises(Invalid) as refusal:
        services.ledger.write(lambda c: endpoints.add_endpoint(c, Wanted(url, ("order.held",)), random, NOW))
    assert [problem.pointer for problem in refusal.value.problems] == ["/url"]
    with services.ledger.reading() as connection:
        assert connection.execute(select(tables.endpoints)).all() == []


def test_events_that_do_not_exist_are_refused_and_their_number_is_bounded(services):
    for events in ((), ("order.eaten",)):
        with pytest.raises(Invalid):
            add(services, events=events)
    for number in range(endpoints.MAX_ENDPOINTS):
        add(services, f"https://r{number}.example/")
    with pytest.raises(Invalid, match="(?i)at most"):
        add(services)
