"""Both mailboxes and the forwarder, with the standard library's SMTP client and bare sockets."""

import smtplib
import socket
import ssl

import pytest

MESSAGE = b"From: bob@gmail.com\r\nTo: jane@example.com\r\nMessage-ID: <m@gmail.com>\r\n\r\nhi\r\n"


@pytest.fixture
def tls(world):
    return ssl.create_default_context(cafile=world.info["ca"])


def secured(world, server, tls):
    """A client after STARTTLS whose certificate was checked for the name that is played."""
    client = smtplib.SMTP(*world.smtp(server), timeout=10)
    client._host = "exchange.example.net" if server == "exchange" else "aspmx.l.google.com"
    client.starttls(context=tls)
    client.ehlo("mx1.example.net")
    return client


def delivered(world, **query):
    import requests

    return requests.get(world.info["control"] + "/mail", query, timeout=10).json()["mail"]


def login(world):
    return world.env["GATEPOST_EXCHANGE_USERNAME"], world.env["GATEPOST_EXCHANGE_PASSWORD"]


def test_exchange_keeps_the_very_bytes_of_an_authenticated_client(world, tls):
    with secured(world, "exchange", tls) as client:
        assert client.esmtp_features["auth"].split() == ["LOGIN"]
        client.login(*login(world))
        body = MESSAGE + b".dot\r\n..\r\n8 bit \xe9\r\n"
        client.sendmail("bob@gmail.com", ["Jane@Example.com"], body)
    (mail,) = delivered(world, server="exchange", mailbox="jane@example.com")
    assert mail["raw"].encode().decode("unicode_escape").encode("latin-1") == body
    assert mail["username"] == login(world)[0]
    assert mail["tls"] == "TLS1_3"


def test_signing_in_warns_of_nothing(world, tls, recwarn):
    with secured(world, "exchange", tls) as client:
        client.login(*login(world))
    assert [str(one.message) for one in recwarn if "login_data" in str(one.message)] == []


def test_waiting_for_mail_ends_when_it_comes(world, tls):
    from threading import Timer

    def send():
        with secured(world, "exchange", tls) as client:
            client.login(*login(world))
            client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)

    assert delivered(world, server="exchange", wait="0") == []
    timer = Timer(0.1, send)
    timer.start()
    (mail,) = delivered(world, message_id="m@gmail.com", wait="10")
    timer.join()
    assert mail["mailbox"] == "jane@example.com"


@pytest.mark.parametrize("wait", ["-1", "soon", "301", "nan"])
def test_waiting_has_bounds(world, wait):
    import requests

    answer = requests.get(world.info["control"] + "/mail", {"wait": wait}, timeout=10)
    assert answer.status_code == 400


def test_exchange_offers_no_auth_before_tls(world):
    with smtplib.SMTP(*world.smtp("exchange"), timeout=10) as client:
        client.ehlo("mx1.example.net")
        assert not client.has_extn("auth")
        assert client.docmd("AUTH", "LOGIN")[0] == 538
        assert client.mail("bob@gmail.com")[0] == 530


def test_exchange_refuses_mail_without_auth(world, tls):
    with secured(world, "exchange", tls) as client:
        assert client.mail("bob@gmail.com")[0] == 530


@pytest.mark.parametrize("wrong", [("someone", None), (None, "guess"), ("", "")])
def test_exchange_refuses_other_credentials(world, tls, wrong):
    right = login(world)
    given = [right[i] if wrong[i] is None else wrong[i] for i in (0, 1)]
    with secured(world, "exchange", tls) as client:
        client.user, client.password = given
        with pytest.raises(smtplib.SMTPAuthenticationError) as raised:
            client.auth("LOGIN", client.auth_login)
        assert raised.value.smtp_code == 535
        assert client.mail("bob@gmail.com")[0] == 530


def test_exchange_takes_mechanisms_in_any_case(world, tls):
    with secured(world, "exchange", tls) as client:
        assert client.docmd("auth", "login")[0] == 334
        assert client.docmd("*")[0] == 501


def test_exchange_changes_its_password_by_control(world, tls):
    world.control("POST", "/mail/exchange", {"username": "new", "password": "word"})
    with secured(world, "exchange", tls) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(*login(world))
        assert client.login("new", "word")[0] == 235


def test_a_certificate_of_another_name_is_not_taken(world, tls):
    client = smtplib.SMTP(*world.smtp("google"), timeout=10)
    client._host = "exchange.example.net"
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=tls)
    client.close()


def test_google_stamps_the_played_address_and_tls(world, tls):
    with secured(world, "google", tls) as client:
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    (mail,) = delivered(world, server="google")
    assert "from mx1.example.net (mx1.example.net. [206.55.129.10])" in mail["raw"]
    assert "by mx.google.com with ESMTPS" in mail["raw"]
    assert "version=TLS1_3" in mail["raw"]
    assert mail["raw"].encode().endswith(MESSAGE)


def test_the_forwarder_plays_another_address(world):
    world.control("POST", "/mail/gateway", {"address": "206.55.133.7"})
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    assert delivered(world)[0]["peer"] == "206.55.133.7"
    assert delivered(world, message_id="<m@gmail.com>")
    assert not delivered(world, message_id="<other@gmail.com>")


def test_without_the_forwarder_the_client_is_itself(world):
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    (mail,) = delivered(world)
    assert (mail["peer"], mail["tls"]) == ("127.0.0.1", "")
    assert "with ESMTP id" in mail["raw"]


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 nonsense 192.0.2.25 1 25\r\n",
        b"PROXY TCP6 206.55.129.10 192.0.2.25 1 25\r\n",
        b"PROXY UNKNOWN\r\n",
        b"EHLO x\r\nPROXY TCP4 206.55.129.10 192.0.2.25 1 25\r\n",
    ],
)
def test_a_bad_proxy_header_ends_the_connection(world, header):
    with socket.create_connection(world.smtp("google_direct"), timeout=10) as connection:
        connection.sendall(header)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
    assert b"PROXY" not in received


def test_two_recipients_are_two_deliveries_and_the_null_sender_stays_empty(world):
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        client.sendmail("", ["a@example.com", "b@example.com"], MESSAGE)
    mail = delivered(world)
    assert [one["mailbox"] for one in mail] == ["a@example.com", "b@example.com"]
    assert {one["mail_from"] for one in mail} == {""}
    assert len({one["id"] for one in mail}) == 2


@pytest.mark.parametrize(
    ("recipient", "code"),
    [("x@elsewhere.org", 550), ("gone@example.com", 550), ("x@sub.example.com", 550)],
)
def test_google_takes_known_recipients_only(world, recipient, code):
    world.control("POST", "/google/tenant", {"unknown_users": ["gone@example.com"]})
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        client.ehlo()
        client.mail("bob@gmail.com")
        assert client.rcpt(recipient)[0] == code


@pytest.mark.parametrize(
    "command",
    ["RCPT TO:<>", "RCPT TO:jane@example.com", "RCPT TO:<a b@example.com>", "RCPT TO:<@x:a@b>x"],
)
def test_addresses_are_strict(world, command):
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        client.ehlo()
        client.mail("bob@gmail.com")
        assert client.docmd(command)[0] in (501, 553, 555)


@pytest.mark.parametrize(
    "content",
    [
        b"From: a@b.c\r\n\r\nbare\nline\r\n",
        b"From: a@b.c\r\n\r\nbare\rreturn\r\n",
        b"From: a@b.c\r\n\r\nnul\0\r\n",
        b"Subject: no author\r\n\r\n\r\n",
        b"From: a@b.c\r\nFrom: d@e.f\r\n\r\n\r\n",
        b"From: nobody\r\n\r\n\r\n",
    ],
)
def test_google_refuses_malformed_content(world, content):
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        client.ehlo()
        client.mail("bob@gmail.com")
        client.rcpt("jane@example.com")
        client.docmd("DATA")
        client.send(content + b".\r\n")
        assert client.getreply()[0] == 550
    assert delivered(world) == []


def setting(world, **changes):
    document = {"enabled": True, "gateway_ips": ["206.55.129.0/24"], "detect_external_ip": True}
    world.control("PUT", "/google/gateway", document | changes)


def rcpt(client):
    client.ehlo("mx1.example.net")
    client.mail("bob@gmail.com")
    return client.rcpt("jane@example.com")[0]


def test_required_tls_refuses_plaintext_of_listed_gateways(world, tls):
    setting(world, require_tls=True)
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        assert rcpt(client) == 421
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        assert rcpt(client) == 250
    with secured(world, "google", tls) as client:
        assert rcpt(client) == 250


def test_reject_others_takes_gateways_only(world):
    setting(world, reject_others=True)
    with smtplib.SMTP(*world.smtp("google_direct"), timeout=10) as client:
        assert rcpt(client) == 550
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        assert rcpt(client) == 250


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_injected_faults_are_used_up(world, stage):
    world.control(
        "POST",
        "/faults",
        {
            "service": "smtp.google",
            "operation": stage,
            "status": 450,
            "code": "peak",
            "message": "4.2.1 Peak SMTP relay limit exceeded",
        },
    )
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        with pytest.raises(smtplib.SMTPException) as raised:
            client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
        assert "Peak" in str(raised.value)
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    assert len(delivered(world)) == 1


def test_reset_forgets_mail_settings_and_credentials(world):
    setting(world)
    with smtplib.SMTP(*world.smtp("google"), timeout=10) as client:
        client.sendmail("bob@gmail.com", ["jane@example.com"], MESSAGE)
    world.control("POST", "/reset")
    assert delivered(world) == []
    assert world.control("GET", "/google/gateway")["enabled"] is False


def test_the_password_is_nowhere_in_the_state(world):
    import json

    assert login(world)[1] not in json.dumps(world.control("GET", "/state"))
