"""The proxies of deploy/, run as they are but for names, ports and certificates: TLS, forms, uploads, who calls."""

import json
import shutil
import socket
import ssl
import urllib.parse

import pytest

from tests.deploy.proxies import AUTHORITY, Browser, caddy, nginx, running
from tests.web.conftest import template  # noqa: F401
from tests.web.houses import ADMIN, copy_of, token_of
from tests.web.servers import free_port, serving

PROXIES = [
    pytest.param(made, id=made.__name__, marks=pytest.mark.skipif(shutil.which(made.__name__, path=path) is None, reason=f"{made.__name__} is not installed on this machine"))
    for made, path in ((nginx, "/usr/sbin:/usr/bin"), (caddy, "/usr/bin:/usr/local/bin"))
]  # fmt: skip


@pytest.fixture(params=PROXIES)
def site(request, template, tmp_path):
    """Address, the server behind it, the log and the administrator's password."""
    folder, made = copy_of(template[0], tmp_path / "data"), request.param
    place, secure = tmp_path / "proxy", free_port()
    place.mkdir()
    address, log = f"https://localhost:{secure}", tmp_path / "log"
    environment = {"HOUBLON_BASE_URL": address, "HOUBLON_TRUSTED_PROXIES": "1", "HOUBLON_THREADS": "2"}
    with (
        serving(folder, environment, log) as server,
        running(made(place, secure, free_port(), server.port), address, tmp_path / "said"),
    ):
        yield made, address, server, log, template[1]


def multipart(token, name, content):
    mark = b"limite-7d1f"
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n%s\r\n' % (mark, token.encode()),
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
        % (mark, name),
        content,
        b"\r\n--%s--\r\n" % mark,
    ]
    return b"".join(parts), {"Content-Type": f"multipart/form-data; boundary={mark.decode()}"}


def test_people_sign_in_and_upload_and_machines_see_what_is_theirs(site):
    _, address, server, log, password = site
    browser = Browser()
    status, _, page = browser.ask(f"{address}/connexion")
    assert status == 200
    form = {"email": ADMIN, "password": password, "csrf_token": token_of(page)}
    # A form on another port than 443: the host that Houblon sees must have it.
    status, arrived, _ = browser.ask(f"{address}/connexion", urllib.parse.urlencode(form).encode())
    assert status == 200 and arrived.startswith(address) and "connexion" not in arrived, (
        status,
        arrived,
        log.read_text(),
    )

    token = token_of(browser.ask(f"{address}/simulations/fichier")[2])
    large = b"commande,detaillant\n" + b"A,comptoir-1\n" * 1_500_000
    body, headers = multipart(token, b"fichier", large)
    assert 19_000_000 < len(body) < 25_000_000
    assert browser.ask(f"{address}/simulations/fichier", body, **headers)[0] in (200, 422), "read, whatever it says"
    body, headers = multipart(token, b"fichier", large * 2)
    assert refused_as_too_large(browser, f"{address}/simulations/fichier", body, headers)

    assert browser.ask(f"{address}/metrics")[0] == 404
    assert json.loads(browser.ask(f"{address}/healthz")[2])["status"] == "ok"


def refused_as_too_large(browser, address, body, headers):
    try:
        return browser.ask(address, body, **headers)[0] == 413
    except OSError:  # hung up amid what nobody will read
        return True


def test_the_caller_s_own_address_is_known_and_what_it_says_of_itself_is_not_believed(site):
    _, address, server, log, _ = site
    browser = Browser()
    lies = {"X-Forwarded-For": "203.0.113.77", "Forwarded": "for=203.0.113.78", "X-Forwarded-Proto": "http"}
    page = browser.ask(f"{address}/connexion", **lies)[2]
    for _ in range(2):
        form = {"email": ADMIN, "password": "faux", "csrf_token": token_of(page)}
        browser.ask(f"{address}/connexion", urllib.parse.urlencode(form).encode(), **lies)
    assert browser.ask(f"{address}/readyz", **lies)[0] == 200
    assert "203.0.113.7" not in log.read_text()


def test_senders_who_stop_halfway_hold_nginx_and_none_of_the_server_s_threads(site):
    made, address, server, _, _ = site
    if made is not nginx:
        return  # Caddy hands on what comes as it comes: the server's own deadlines hold there
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    port, held = int(address.rpartition(":")[2]), []
    for _ in range(8):
        line = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
        line.sendall(b"POST /webhooks/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n{")
        held.append(line)
    assert Browser().ask(f"{address}/healthz")[0] == 200
    for line in held:
        line.close()
