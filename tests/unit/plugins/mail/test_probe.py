"""The probe's message, and what one that came back proves at any server."""

from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.mail import probe, proof

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
GATEWAYS = ["206.55.133.0/24"]


def test_the_message():
    made = probe.compose("a@sender.example", "b@example.com", "x\ny", "m-1", NOW)
    assert made.message_id == "<m-1.probe@sender.example>"
    assert b"\n" not in made.content.replace(b"\r\n", b"")
    read = message_from_bytes(made.content)
    assert read["Message-ID"] == made.message_id
    assert read["Subject"] == "x y"
    assert read["X-Gatepost-Probe"] == "m-1"
    assert read["Auto-Submitted"] == "auto-generated"


def test_an_address():
    assert probe.address("mail_from", "A.b+c@Bücher.example") == "A.b+c@xn--bcher-kva.example"


@pytest.mark.parametrize("text", ["", "a", "@x.example", "a@", "a@x", "a\r\nb@x.example", "ä@x.de"])
def test_no_address(text):
    with pytest.raises(BadOption, match="mail_from"):
        probe.address("mail_from", text)


def received(address, tls="(using TLSv1.3 with cipher X)"):
    return f"Received: from g ([{address}]) {tls} by mail.example.com with ESMTPS; x\r\n"


INSIDE = "Received: from a ([10.0.0.1]) by b.example.com; x\r\n"


@pytest.mark.parametrize(
    ("fields", "proved", "findings"),
    [
        (INSIDE + received("206.55.133.9"), True, {"gateway": True, "tls": True}),
        (INSIDE + received("206.55.133.9", ""), False, {"gateway": True, "tls": False}),
        (INSIDE + received("198.51.100.9"), False, {"gateway": False}),
        ("", False, {"gateway": False}),
    ],
)
def test_another_server(fields, proved, findings):
    found = proof.judge(fields.encode() + b"\r\n", proof.OTHER, GATEWAYS)
    assert found.proved is proved
    assert {name: one.holds for name, one in found.findings.items()} == findings
    assert len(found.document()["hops"]) == fields.count("Received")


@pytest.mark.parametrize("provider", proof.PROVIDERS)
def test_an_empty_message_proves_nothing(provider):
    assert not proof.judge(b"", provider, GATEWAYS).proved
