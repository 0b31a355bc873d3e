"""The outbox over a real SMTP server: every message arrives, or is parked where people see it."""

import re
import ssl
import stat
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from sqlalchemy import update

from houblon.orders.db import tables
from houblon.orders.handling.review import refuse
from houblon.orders.outbox.delivery import BATCH, LEASE, SCHEDULE, Refused, Unreachable, deliver_due, send_again
from houblon.orders.outbox.mail_transport import Filed, Smtp, mail_of
from tests.clock import NOW
from tests.orders.mailserver import Inbox, smtp_server
from tests.orders.services import group, join, later, make_services, order_body, rows, send, tous

SENDER = "Brasserie <ventes@brasserie.example>"


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def smtp(inbox):
    with smtp_server(inbox) as port:
        yield Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)


class Remembering:
    """A transport that keeps what it is given, or fails as told."""

    def __init__(self, *failures):
        self.sent, self.failures = [], list(failures)

    def send(self, id, recipient, message):
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        self.sent.append((id, recipient))


def states(services):
    return [row.state for row in rows(services, tables.outbox)]


def only(services):
    [row] = rows(services, tables.outbox)
    return row


def test_the_buyer_s_mail_goes_out_with_the_link_to_the_invoice(services, inbox, smtp):
    send(services)
    assert deliver_due(services.ledger, smtp, NOW) == 1
    [mail] = inbox.mails
    row = only(services)
    assert (row.state, row.sent_at) == ("sent", NOW)
    assert mail["To"] == "coin@example.com" and mail["From"] == SENDER
    assert mail["Message-ID"] == f"<{row.id}@brasserie.example>"
    assert "F-2021-00001" in mail["Subject"]
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "https://houblon.example/f/" in text and "https://houblon.example/f/" in html
    assert "11 juin 2021" in text


def test_what_is_sent_is_not_sent_again(services, inbox, smtp):
    send(services)
    for _ in range(3):
        deliver_due(services.ledger, smtp, later(hours=1))
    assert len(inbox.mails) == 1


def test_a_message_is_not_sent_before_it_is_due(services):
    send(services, at=later(hours=1))
    assert deliver_due(services.ledger, Remembering(), NOW) == 0


def test_a_failure_for_now_is_retried_on_the_schedule_then_parked(services, inbox, smtp):
    send(services)
    inbox.answers = ["451 try later"] * len(SCHEDULE)
    now = NOW
    for wait in SCHEDULE:
        if wait:
            assert deliver_due(services.ledger, smtp, now + wait - timedelta(seconds=1)) == 0
        now += wait
        assert deliver_due(services.ledger, smtp, now) == 1
    row = only(services)
    assert (row.state, row.attempts) == ("parked", len(SCHEDULE)) and "451" in row.error
    assert inbox.mails == []


@pytest.mark.parametrize("answer", ["550 no such person", "554 no"])
def test_a_refusal_for_good_is_parked_at_once_with_what_the_server_said(services, inbox, smtp, answer):
    send(services)
    inbox.answers = [answer]
    deliver_due(services.ledger, smtp, NOW)
    assert (only(services).state, only(services).error) == ("parked", answer)


def test_an_unknown_recipient_is_parked_and_the_others_still_get_theirs(services, inbox, smtp):
    send(services, order_body("PO-1", buyer={"id": "a", "email": "gone@example.com"}))
    send(services, order_body("PO-2", buyer={"id": "b", "email": "here@example.com"}))
    inbox.refused = {"gone@example.com": "550 no such person"}
    deliver_due(services.ledger, smtp, NOW)
    assert sorted(states(services)) == ["parked", "sent"]
    assert [mail["To"] for mail in inbox.mails] == ["here@example.com"]


def test_a_server_that_is_down_costs_one_attempt_a_round_and_loses_nothing(services, inbox):
    for number in range(3):
        send(services, order_body(f"PO-{number}"))
    down = Smtp("smtp://127.0.0.1:1", SENDER, lambda: NOW, timeout=1)
    deliver_due(services.ledger, down, NOW)
    assert states(services) == ["pending"] * 3
    assert {row.attempts for row in rows(services, tables.outbox)} == {1}
    with smtp_server(inbox) as port:
        deliver_due(services.ledger, Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW), later(seconds=5))
    assert states(services) == ["sent"] * 3


def test_an_hour_without_the_server_then_a_drop_after_data_loses_no_mail(services, inbox):
    send(services)
    down, now = Smtp("smtp://127.0.0.1:1", SENDER, lambda: NOW, timeout=1), NOW
    while now < later(hours=1):
        deliver_due(services.ledger, down, now)
        now += timedelta(minutes=1)
    inbox.answers = ["451 busy", "drop"]
    with smtp_server(inbox) as port:
        up = Smtp(f"smtp://127.0.0.1:{port}", SENDER, lambda: NOW, timeout=5)
        for _ in range(24 * 60):
            deliver_due(services.ledger, up, now)
            now += timedelta(minutes=1)
            if only(services).state == "sent":
                break
    assert only(services).state == "sent"
    assert len(inbox.mails) == 2 and len({mail["Message-ID"] for mail in inbox.mails}) == 1


def test_a_wrong_password_parks_nothing(services, inbox):
    def never(server, session, envelope, mechanism, data):
        return AuthResult(success=False, handled=False)

    send(services)
    options = {"authenticator": never, "auth_required": True, "auth_require_tls": False}
    with smtp_server(inbox, **options) as port:
        deliver_due(services.ledger, Smtp(f"smtp://someone:wrong@127.0.0.1:{port}", SENDER, lambda: NOW), NOW)
    assert only(services).state == "pending" and "Unreachable" in only(services).error


def test_a_server_that_can_t_encrypt_gets_nothing_when_tls_is_asked_for(services, inbox):
    send(services)
    with smtp_server(inbox) as port:
        deliver_due(services.ledger, Smtp(f"smtp://127.0.0.1:{port}?tls=starttls", SENDER, lambda: NOW), NOW)
    assert inbox.mails == [] and only(services).state == "pending"


def test_a_worker_killed_between_send_and_mark_sends_again_with_the_same_id(services):
    class Killed(BaseException):
        pass

    class Dying(Remembering):
        def send(self, id, recipient, message):
            super().send(id, recipient, message)
            raise Killed

    send(services)
    first, second = Dying(), Remembering()
    with pytest.raises(Killed):
        deliver_due(services.ledger, first, NOW)
    assert deliver_due(services.ledger, second, NOW + LEASE - timedelta(seconds=1)) == 0
    assert deliver_due(services.ledger, second, NOW + LEASE) == 1
    assert first.sent == second.sent
    assert only(services).state == "sent"


def test_two_workers_never_hold_the_same_message(services):
    class Another(Remembering):
        def send(self, id, recipient, message):
            super().send(id, recipient, message)
            assert deliver_due(services.ledger, Remembering(), NOW) == 0

    send(services)
    assert deliver_due(services.ledger, Another(), NOW) == 1


def test_a_slow_server_s_messages_are_given_back_before_their_lease_runs_out(services):
    for number in range(4):
        send(services, order_body(f"PO-{number}"))
    clock = iter([0.0, 0.0, 50.0, 100.0])
    slow = Remembering()
    deliver_due(services.ledger, slow, NOW, seconds=lambda: next(clock))
    assert len(slow.sent) == 2
    left = [row for row in rows(services, tables.outbox) if row.state == "pending"]
    assert [(row.attempts, row.due_at) for row in left] == [(0, NOW)] * 2


def test_a_failure_told_after_the_lease_was_taken_over_changes_nothing(services):
    send(services)

    class Late(Remembering):
        def send(self, id, recipient, message):
            deliver_due(services.ledger, Remembering(), NOW + LEASE)
            raise Refused("too late to say so")

    deliver_due(services.ledger, Late(), NOW)
    assert only(services).state == "sent"


def test_a_full_outbox_goes_out_in_rounds_oldest_first(services):
    for number in range(BATCH + 5):
        send(services, order_body(f"PO-{number:02d}"), at=later(seconds=number))
    transport = Remembering()
    assert deliver_due(services.ledger, transport, later(hours=1)) == BATCH
    assert deliver_due(services.ledger, transport, later(hours=1)) == 5
    assert len(set(transport.sent)) == BATCH + 5


def test_a_buyer_without_an_address_leaves_the_message_parked_with_the_reason(services):
    send(services, order_body(buyer={"email": None}))
    row = only(services)
    assert (row.state, row.recipient) == ("parked", None) and "address" in row.error
    assert deliver_due(services.ledger, Remembering(), later(days=1)) == 0


@pytest.mark.parametrize("address", ["nobody", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a b@c", "@", "a@b\x07"])
def test_what_is_not_one_address_is_parked_and_never_written_into_a_mail(services, address):
    send(services, order_body(buyer={"email": address}))
    assert (only(services).state, only(services).recipient) == ("parked", address)


def test_a_parked_message_goes_out_once_it_gets_an_address(services):
    send(services, order_body(buyer={"email": None}))
    id, transport = only(services).id, Remembering()
    assert not send_again(services.ledger, id, NOW)
    assert send_again(services.ledger, id, later(hours=1), "new@example.com")
    assert not send_again(services.ledger, id, later(hours=1), "new@example.com")
    deliver_due(services.ledger, transport, later(hours=1))
    assert transport.sent == [(id, "new@example.com")]


def test_unreachable_stops_the_round_and_refused_does_not(services):
    for number in range(3):
        send(services, order_body(f"PO-{number}"))
    transport = Remembering(Refused("no"), Unreachable("down"))
    deliver_due(services.ledger, transport, NOW)
    assert transport.sent == [] and sorted(states(services)) == ["parked", "pending", "pending"]


def test_without_a_server_a_mail_is_a_file_of_its_owner_s_and_the_log_names_nobody(services, tmp_path, caplog):
    send(services)
    id, folder = only(services).id, tmp_path / "mail"
    with caplog.at_level("INFO", logger="houblon.outbox"):
        deliver_due(services.ledger, Filed(folder, "houblon@biere.example", lambda: NOW), NOW)
    (path,) = folder.iterdir()
    assert (path.name, stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (
        f"{id}.eml",
        0o600,
        0o700,
    )
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (
        "https://houblon.example/f/" in mail.get_body(("plain",)).get_content()
        and mail["To"] == only(services).recipient
    )
    assert (only(services).state, only(services).answer) == ("sent", path.name)
    assert id in caplog.text and "@" not in caplog.text and "/f/" not in caplog.text


def test_nothing_that_a_name_holds_breaks_out_of_a_header_or_the_html(services, inbox, smtp):
    send(services, order_body(id="PO\r\nBcc: x@y.z", buyer={"name": "<script>\r\nBcc: x@y.z"}))
    deliver_due(services.ledger, smtp, NOW)
    [mail] = inbox.mails
    assert mail["Bcc"] is None
    assert "<script>" not in mail.get_body(("html",)).get_content()


def test_a_mail_with_accents_survives_the_trip(services, inbox, smtp):
    send(services, order_body(buyer={"name": "Épicerie Ça Va « Noël »"}))
    deliver_due(services.ledger, smtp, NOW)
    assert "Épicerie Ça Va « Noël »" in inbox.mails[0].get_body(("plain",)).get_content()


def test_a_message_that_no_mail_can_be_made_of_is_parked(services, smtp):
    send(services)
    services.ledger.write(lambda connection: connection.execute(update(tables.outbox).values(recipient="a@b\nc")))
    deliver_due(services.ledger, smtp, NOW)
    assert only(services).state == "parked"


def test_a_mail_says_that_a_machine_wrote_it():
    message = {"subject": "S", "text": "T", "html": "<p>T</p>"}
    mail = mail_of("1", SENDER, "a@b.c", message, NOW)
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Date"].datetime == NOW


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_mail_goes_out_encrypted_to_a_server_whose_certificate_is_trusted_and_to_no_other(
    services, inbox, scheme, tmp_path, monkeypatch
):
    authority, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    options = {"ssl_context": server} if scheme == "smtps" else {"tls_context": server, "require_starttls": True}
    send(services)
    with smtp_server(inbox, **options) as port:
        url = f"{scheme}://127.0.0.1:{port}{'?tls=starttls' if scheme == 'smtp' else ''}"
        deliver_due(services.ledger, Smtp(url, SENDER, lambda: NOW, timeout=5), NOW)
        assert only(services).state == "pending" and "certificate" in only(services).error.lower() and inbox.mails == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        deliver_due(services.ledger, Smtp(url, SENDER, lambda: NOW, timeout=5), later(seconds=5))
    assert only(services).state == "sent" and len(inbox.mails) == 1


def words(fr, en):
    return {"fr": fr, "en": en}


@pytest.mark.parametrize(("language", "said", "other"), [("fr", "Merci", "Thank you"), ("en-CA", "Thank you", "Merci")])
def test_a_group_s_own_words_reach_its_buyers_in_their_language(tmp_path, inbox, smtp, language, said, other):
    friends = group("amis", 5, messages_confirmation=words("Merci !", "Thank you!"))
    friends["settings"]["messages.order_note"] = words("Rapportez les caisses.", "Bring the crates back.")
    services = make_services(tmp_path, friends)
    join(services, "a", "amis")
    for number, buyer in enumerate(("a", "b")):
        send(
            services,
            # In Ontario, whoever reads English gets no French beside it.
            order_body(
                f"PO-{number}",
                buyer={"id": buyer, "email": f"{buyer}@b.example", "language": language, "province": "ON"},
            ),
        )
    deliver_due(services.ledger, smtp, NOW)
    mails = {mail["To"]: mail for mail in inbox.mails}
    for kind in ("plain", "html"):
        mine, theirs = (mails[f"{each}@b.example"].get_body((kind,)).get_content() for each in "ab")
        assert said in mine and ("caisses" in mine or "crates" in mine) and other not in mine
        assert said not in theirs and "crates" not in theirs and "Rapportez" not in theirs
    services.ledger.close()


def test_each_moment_that_is_asked_for_reaches_the_buyer_and_the_team_and_no_other_does(tmp_path, inbox, smtp):
    told = {"events": ["order.refused", "invoice.issued"], "to": ["ventes@b.example", "compta@b.example"]}
    services = make_services(tmp_path, tous(notifications_buyer=["order.held"], notifications_team=told))
    send(services, order_body("PO-1"))
    send(services, order_body("PO-2", items=3))
    send(services, order_body("PO-3", items=3))
    refuse(services, 3, by="anne", at=NOW, why="non")
    deliver_due(services.ledger, smtp, NOW)
    sent = sorted((row.event, row.recipient) for row in rows(services, tables.outbox))
    team = [
        (event, f"{who}@b.example") for event in ("invoice.issued", "order.refused") for who in ("compta", "ventes")
    ]
    assert sent == sorted([("order.held", "coin@example.com")] * 2 + team)
    assert len(inbox.mails) == 6
    services.ledger.close()


def test_the_html_of_a_mail_holds_the_invoice_s_facts_and_a_button_and_asks_for_nothing_elsewhere(
    services, inbox, smtp
):
    send(services)
    deliver_due(services.ledger, smtp, NOW)
    html = inbox.mails[0].get_body(("html",)).get_content()
    for fact in ("F-2021-00001", "PO-1", "1\u00a0490,08\u00a0$", "11\u00a0juin 2021", "Voir la facture"):
        assert fact in html.replace("11 juin", "11\u00a0juin")
    assert not re.search(r"<(table|img|link|script|style)", html) and html.count("http") == 1
