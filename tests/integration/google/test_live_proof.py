"""The whole proof: mail through the played gateway, read back with Gmail's API, judged."""

import smtplib
import ssl

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.google.client import (
    GoogleFailure,
    find_message,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google.inbound_gateway import inspect
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import desired

WANTED = desired("example.com", region="us-east-1")
MESSAGE = (
    b"Received: from mail.gmail.com ([209.85.220.41]) by mx1.example.net with ESMTPS; now\r\n"
    b"From: bob@gmail.com\r\nMessage-ID: <probe-1@gmail.com>\r\n\r\nprobe\r\n"
)


def probe(world):
    context = ssl.create_default_context(cafile=world.info["ca"])
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        client._host = "aspmx.l.google.com"
        client.starttls(context=context)
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    return find_message(world.access, "jane@example.com", "<probe-1@gmail.com>")


def configure(world, **changes):
    right = {
        "enabled": True,
        "gateway_ips": ["206.55.129.0/24"],
        "detect_external_ip": True,
        "require_tls": True,
    }
    world.control("PUT", "/google/gateway", right | changes)


def test_the_right_setting_is_proved_by_mail(world):
    configure(world)
    report = inspect(WANTED, access=world.access, admin=world.admin, message=probe(world))
    assert report.message.proved
    assert set(report.by_verdict("verified")) == {"enabled", "detect_external_ip"}
    assert report.contradictions == []


@pytest.mark.parametrize(
    ("wrong", "contradicted"),
    [
        ({"enabled": False}, ["gateway_ips", "enabled"]),
        ({"gateway_ips": ["206.55.130.0/24"]}, ["gateway_ips", "enabled"]),
        ({"detect_external_ip": False}, ["detect_external_ip"]),
    ],
)
def test_each_wrong_setting_is_told_by_mail(world, wrong, contradicted):
    configure(world, **wrong)
    report = inspect(WANTED, message=probe(world))
    assert not report.message.proved
    assert report.contradictions == contradicted


def test_mail_in_the_spam_folder_is_found(world):
    world.control("POST", "/google/tenant", {"spam": ["jane@example.com"]})
    assert probe(world)


def test_no_such_message_is_none_and_a_refusal_is_an_error(world):
    assert find_message(world.access, "jane@example.com", "<none@gmail.com>") is None
    with pytest.raises(GoogleFailure, match="invalid_grant"):
        find_message(world.access, "jane@elsewhere.org", "<none@gmail.com>")
