"""A proxy of deploy/ in front of a running server, on ports and with a certificate of the test's own."""

import getpass
import os
import re
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError, URLError

import trustme

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
AUTHORITY = trustme.CA()


class Browser:
    """Follows redirects, keeps cookies and says where a form comes from, as browsers do."""

    def __init__(self) -> None:
        context = ssl.create_default_context()
        AUTHORITY.configure_trust(context)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def ask(self, address: str, body: bytes | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, address and text of what came, after any redirect."""
        request = urllib.request.Request(address, body, {"Referer": address, **headers})
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.url, answer.read().decode()
        except HTTPError as refusal:
            return refusal.code, address, refusal.read().decode()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    issued, chain, key = AUTHORITY.issue_cert("localhost"), folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return chain, key


def nginx(folder: Path, secure: int, plain: int, behind: int) -> list[str]:
    """deploy/nginx.conf for these ports, in a whole configuration: the command that runs it."""
    chain, key = certificate(folder)
    site = (DEPLOY / "nginx.conf").read_text()
    for there, here in (
        (r"listen \[::\]:\d+( ssl)?;", ""),
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("commandes.example", "localhost"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
        ("/etc/ssl/houblon/fullchain.pem", str(chain)),
        ("/etc/ssl/houblon/privkey.pem", str(key)),
    ):
        site, count = re.subn(there, here, site)
        assert count, there
    (folder / "site.conf").write_text(site)
    kept = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    # Its workers must reach this folder: what is uploaded waits here.
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    whole.write_text(
        f"{user} daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; {kept} include {folder}/site.conf; }}\n"
    )
    return ["nginx", "-c", str(whole), "-e", str(folder / "errors")]


def caddy(folder: Path, secure: int, plain: int, behind: int) -> list[str]:
    """deploy/Caddyfile for these ports, with the test's certificate in the place of one that is fetched."""
    chain, key = certificate(folder)
    site = (DEPLOY / "Caddyfile").read_text()
    for there, here in (
        (r"\n\{\n", f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n"),
        (r"\ncommandes.example \{\n", f"\nhttps://localhost:{secure} {{\n\ttls {chain} {key}\n"),
        ("127.0.0.1:8000", f"127.0.0.1:{behind}"),
    ):
        site, count = re.subn(there, here, site)
        assert count, there
    (folder / "Caddyfile").write_text(site)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def running(command: list[str], address: str, log: Path) -> Iterator[None]:
    """The proxy, once it answers."""
    with open(log, "wb") as told:
        environment = {
            "HOME": str(log.parent),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "XDG_DATA_HOME": str(log.parent),
        }
        process = subprocess.Popen(command, stdout=told, stderr=told, env=environment)
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            try:
                assert Browser().ask(f"{address}/healthz")[0] == 200
                break
            except URLError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)
