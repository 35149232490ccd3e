"""What test_mta_sts runs: a daemon that sends by MX, its DNS, an exchanger, a policy host."""

from __future__ import annotations

import fcntl
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope, Session

from tests.integration.daemon.mail import MESSAGE, send, without_trace
from tests.integration.daemon.names import Names
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]
MX, POLICY = "11.0.0.25", "11.0.0.80"
_SIOCSIFADDR, _SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8916, 0x8913, 0x8914, 0x1


@pytest.fixture(autouse=True, scope="session")
def network() -> None:
    """Loopback, and 11.0.0.0/8 on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for name, address in ((b"lo", "127.0.0.1"), (b"lo:1", "11.0.0.1")):
            packed = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(sock, _SIOCSIFADDR, struct.pack("16s16s", name, packed))
            request = struct.pack("16sH14x", name, 0)
            flags = struct.unpack("16sH14x", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
            fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | _UP))


@dataclass
class Exchanger(Sink):
    """Also remembers the senders it was told, over TLS or not."""

    port: int = 25
    host: str = MX
    senders: list[tuple[str, bool]] = field(default_factory=list)

    async def handle_MAIL(
        self, _server: Any, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.senders.append((address, session.ssl is not None))
        envelope.mail_from = address
        return "250 2.1.0 yes"


class PolicyHost:
    """fetches: paths, in order."""

    def __init__(self, context: ssl.SSLContext, policy: str, host: str = POLICY) -> None:
        self.fetches: list[str] = []
        fetches = self.fetches

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fetches.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                self.wfile.write(policy.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 443), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> PolicyHost:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def policy(mode: str, mx: str = "mx.example.com") -> str:
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n"


def zone(names: Names, policy_host: str = POLICY) -> None:
    names.zone(
        "example.com",
        ("example.com", "MX", ["10 mx.example.com."]),
        ("mx.example.com", "A", [MX]),
        ("mta-sts.example.com", "A", [policy_host]),
        ("_mta-sts.example.com", "TXT", ["v=STSv1; id=20261124;"]),
    )


@pytest.fixture
def names() -> Iterator[Names]:
    with Names() as running:
        zone(running)
        yield running


@pytest.fixture
def hosted(pki: Authority) -> Callable[..., PolicyHost]:
    def make(mode: str, mx: str = "mx.example.com", host: str = POLICY) -> PolicyHost:
        return PolicyHost(pki.server_context("mta-sts.example.com"), policy(mode, mx), host)

    return make


@pytest.fixture
def sending(daemons: Daemons, names: Names, pki: Authority) -> Daemon:
    """Running; it takes mail for anybody and sends it by MX."""
    config = base_config(
        resolver={"nameservers": [names.address], "lifetime": 2}, mta_sts={"ca": str(pki.ca)}
    )
    role = "arn:aws:iam::111122223333:role/send"
    config["rule_sets"][0]["Rules"][0]["Actions"] = [{"Send": {"RoleArn": role}}]
    config["bindings"], config["relays"] = {}, []
    return daemons(config).start()


def deferred(daemon: Daemon, status: str) -> None:
    daemon.until(lambda: daemon.events("TransientFailure"))
    event = daemon.events("TransientFailure")[0]
    assert event["destination"] == "mx:example.com"
    assert status in str(event), event
    assert not daemon.events("Delivery", "Bounce")


def test_an_exchanger_that_the_policy_names_gets_mail_over_verified_tls(
    sending: Daemon, pki: Authority, hosted: Callable[..., PolicyHost]
) -> None:
    context = pki.server_context("mx.example.com")
    with hosted("enforce") as host, Exchanger(context=context) as exchanger:
        send(sending.port())
        (got,) = exchanger.wait(1)
        assert got.tls
        assert without_trace(got.content) == MESSAGE
        assert exchanger.senders == [("ann@gmail.com", True)]
        assert host.fetches == ["/.well-known/mta-sts.txt"]
    assert not sending.events("MtaSts")


@pytest.mark.parametrize("fault", ["plain", "other name", "not named"])
def test_an_exchanger_that_does_not_fit_gets_nothing(
    sending: Daemon, pki: Authority, hosted: Callable[..., PolicyHost], fault: str
) -> None:
    contexts = {"other name": "mx.example.net", "not named": "mx.example.com"}
    context = pki.server_context(contexts[fault]) if fault in contexts else None
    named = "mx2.example.com" if fault == "not named" else "mx.example.com"
    with hosted("enforce", named):
        with Exchanger(context=context) as exchanger:
            send(sending.port())
            deferred(sending, "4.7.4" if fault == "plain" else "4.7.5")
        assert (exchanger.senders, exchanger.messages) == ([], [])
        if fault == "not named":
            return
        # It waits, and goes once the exchanger is mended.
        with Exchanger(context=pki.server_context("mx.example.com")) as mended:
            (got,) = mended.wait(1)
            assert got.tls


def test_a_policy_holds_over_a_restart_without_its_host(
    sending: Daemon, pki: Authority, names: Names, hosted: Callable[..., PolicyHost]
) -> None:
    with hosted("enforce"), Exchanger(context=pki.server_context("mx.example.com")) as exchanger:
        send(sending.port())
        exchanger.wait(1)
    assert sending.stop() == 0
    names.fail("SERVFAIL", "TXT")
    sending.log.unlink()
    with Exchanger() as plain:
        sending.start()
        send(sending.port())
        deferred(sending, "4.7.4")
    assert plain.senders == []


def test_a_policy_that_is_tested_is_told_of_and_not_enforced(
    sending: Daemon, hosted: Callable[..., PolicyHost]
) -> None:
    with hosted("testing", "mx2.example.com"), Exchanger() as exchanger:
        send(sending.port())
        (got,) = exchanger.wait(1)
        assert not got.tls
    (event,) = sending.events("MtaSts")
    assert "does not name the exchanger mx.example.com" in event["reason"]


def test_a_policy_host_in_our_own_network_is_not_asked(
    sending: Daemon, names: Names, hosted: Callable[..., PolicyHost]
) -> None:
    zone(names, "127.0.0.1")
    with hosted("enforce", host="127.0.0.1") as host, Exchanger() as exchanger:
        send(sending.port())
        exchanger.wait(1)
    assert host.fetches == []
    assert "no address of the internet" in sending.events("MtaSts")[0]["reason"]
