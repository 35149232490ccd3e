"""Handing a message over to a server that offers no TLS, refuses, or is not there."""

import pytest
from aiosmtpd.controller import Controller
from ansible_collections.gatepost.mail.plugins.module_utils.mail import smtp

from emulators.ports import free_port

MESSAGE = b"Subject: probe\r\n\r\n.body\r\n"


class Handler:
    """Keeps what came, or refuses at a stage."""

    def __init__(self, refusing=None):
        self.refusing = refusing
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusing == "RCPT":
            return "550 5.7.1 not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.refusing == "DATA":
            return "451 4.7.1 later"
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 queued as 1"


@pytest.fixture
def serve():
    started = []

    def run(refusing=None):
        handler = Handler(refusing)
        controller = Controller(handler, hostname="127.0.0.1", port=free_port())
        controller.start()
        started.append(controller)
        return handler, smtp.Gateway("127.0.0.1", controller.port, timeout=10)

    yield run
    for controller in started:
        controller.stop()


def send(gateway, **changes):
    made = smtp.Gateway(**{**vars(gateway), **changes})
    return smtp.send(made, MESSAGE, "a@sender.example", "b@example.com")


@pytest.mark.parametrize("tls", [smtp.MAY, smtp.NONE])
def test_taken_in_clear(serve, tls):
    handler, gateway = serve()
    taken = send(gateway, tls=tls)
    assert taken == smtp.Taken("250 2.0.0 queued as 1", "", "")
    assert handler.taken == [("a@sender.example", ["b@example.com"], MESSAGE)]


@pytest.mark.parametrize("tls", [smtp.REQUIRE, smtp.VERIFY])
def test_without_tls_nothing_is_sent(serve, tls):
    handler, gateway = serve()
    with pytest.raises(smtp.NotTaken, match="does not offer STARTTLS"):
        send(gateway, tls=tls)
    assert handler.taken == []


@pytest.mark.parametrize(
    ("stage", "told"),
    [("RCPT", "RCPT: 550 5.7.1 not here"), ("DATA", "DATA: 451 4.7.1 later")],
)
def test_refused(serve, stage, told):
    _handler, gateway = serve(stage)
    with pytest.raises(smtp.NotTaken, match=told):
        send(gateway)


def test_nobody_there():
    with pytest.raises(smtp.NotTaken, match="ConnectionRefusedError"):
        send(smtp.Gateway("127.0.0.1", free_port(), timeout=5))


def test_the_address_is_dialled_in_place_of_the_host(serve):
    _handler, gateway = serve()
    assert send(gateway, host="gateway.example", address="127.0.0.1").reply.startswith("250")
