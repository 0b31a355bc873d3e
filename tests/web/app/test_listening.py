"""One server a port: whoever asks second is refused with a sentence, whichever installation it serves."""

import json
import socket
import subprocess
import sys

import pytest

from houblon.engine.core.problem import Invalid
from houblon.web.app.listening import listen, name_of
from tests.web.houses import copy_of
from tests.web.servers import Server, free_port, serving


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


ANY = {"127.0.0.1", "localhost", "0.0.0.0"} | ({"::1", "::"} if has_ipv6() else set())


@pytest.fixture
def folders(template, tmp_path):
    return [copy_of(template[0], tmp_path / name) for name in ("une", "autre")]


def serve(folder, port, *arguments):
    command = [
        sys.executable,
        "-m",
        "houblon.web.cli.main",
        "serve",
        "--data",
        str(folder),
        "--port",
        str(port),
        *arguments,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def refused(process):
    """The Problems that it left with; nothing else was said."""
    said, fault = process.communicate(timeout=60)
    assert (process.returncode, said) == (1, ""), fault
    return [(each["code"], each["pointer"]) for each in json.loads(fault)["errors"]]


def test_a_second_server_is_refused_for_the_same_installation_and_for_another(folders):
    with serving(folders[0]) as running:
        asked = [serve(folder, running.port) for folder in folders]
        assert [refused(each) for each in asked] == [[("port_in_use", "/port")]] * 2


def test_of_two_that_start_at_once_one_listens(folders):
    port = free_port()
    first, second = (Server(folder, port) for folder in folders)
    try:
        assert sorted([first.said, second.said]) == ["", f"listening on http://localhost:{port}"]
    finally:
        first.kill()
        second.kill()


@pytest.mark.parametrize("host", sorted(ANY))
def test_a_port_is_had_once_by_whatever_name(host):
    first = listen(host, 0)
    port = first.getsockname()[1]
    try:
        for other in sorted(ANY):
            with pytest.raises(Invalid) as fault:
                listen(other, port)
            assert [each.code for each in fault.value.problems] == ["port_in_use"], other
    finally:
        first.close()
    listen(host, port).close()


def test_a_port_that_others_would_share_is_not_shared():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Invalid):
            listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "code"),
    [
        ("127.0.0.1", 70_000, "port"),
        ("127.0.0.1", -1, "port"),
        ("nulle-part.invalid", 8000, "host"),
        ("192.0.2.1", 8000, "host"),
        ("x" * 300, 8000, "host"),
    ],
)
def test_what_can_t_be_listened_on_is_said(host, port, code):
    with pytest.raises(Invalid) as fault:
        listen(host, port)
    assert [each.code for each in fault.value.problems] == [code]


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_is_written_as_it_is_asked():
    with listen("::1", 0) as listener:
        assert name_of(listener) == f"[::1]:{listener.getsockname()[1]}"
