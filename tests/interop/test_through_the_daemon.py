"""swaks, curl, msmtp and smtplib to gatepostd to Postfix: what arrives is what was sent."""

from __future__ import annotations

import re
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.daemon.running import Daemon, base_config
from interop import corpus
from interop.conftest import USERS
from interop.postfix import DOMAIN, Postfix, needed
from unit.delivery.pki import Authority

[(USER, PASSWORD)] = USERS.items()


@pytest.fixture(scope="module")
def daemon(
    postfix: Postfix, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    """Relays everything to Postfix, over verified TLS, with credentials."""
    root = tmp_path_factory.mktemp("daemon")
    certificate, key = authority.issue("mx.gatepost.test")
    (root / "relay.json").write_text(f'{{"username": "{USER}", "password": "{PASSWORD}"}}')
    config = base_config()
    config["ingress_points"][0]["tls"] = {"certificate": str(certificate), "key": str(key)}
    config["relays"][0] = {
        "RelayName": "next",
        "ServerName": f"next.{DOMAIN}",
        "ServerPort": 587,
        "Authentication": {
            "SecretArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:next-AbCdEf"
        },
    }
    binding = {
        "tls": "verify",
        "ca": str(authority.file),
        "address": f"127.0.0.1:{postfix.ports['tls']}",
        "secret_file": "relay.json",
    }
    config["bindings"] = {"relays": {"next": binding}}
    with Daemon(root, config).start() as started:
        yield started


def swaks(daemon: Daemon, *options: str) -> str:
    done = subprocess.run(
        [
            *(needed("swaks", "swaks"), "--server", "127.0.0.1", "--port", str(daemon.port())),
            *("--from", "ann@gmail.com", "--to", f"bob@{DOMAIN}", *options),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def after_trace(message: bytes) -> bytes:
    """The message without the fields that Postfix and the daemon put before it."""
    fields = rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received):.*\n(?:[ \t].*\n)*)+"
    found = re.match(fields, message)
    assert found is not None
    return message[found.end() :]


@pytest.mark.parametrize("options", [(), ("--tls",), ("--pipeline",)], ids=["", "tls", "pipeline"])
def test_swaks(options: tuple[str, ...], daemon: Daemon, postfix: Postfix, tmp_path: Path) -> None:
    if "--tls" in options:
        needed_module = subprocess.run(["perl", "-MNet::SSLeay", "-e", "1"], check=False)
        assert needed_module.returncode == 0, (
            "Net::SSLeay is missing: install the Debian package libnet-ssleay-perl"
        )
    text = "Subject: from swaks\r\nFrom: ann@gmail.com\r\n\r\n.dot\r\n..two\r\nGr\u00fc\u00dfe \r\n"
    file = tmp_path / "message"
    file.write_bytes(text.encode())
    swaks(daemon, *options, "--data", f"@{file}", "--helo", "client.example")
    [arrived] = postfix.wait()
    # swaks ends what it sends with one more line break.
    assert after_trace(arrived).rstrip(b"\n") == text.replace("\r\n", "\n").rstrip("\n").encode()
    ours = re.search(rb"(?m)^Received: from client\.example .*\n(?:[ \t].*\n)*", arrived)
    assert ours is not None
    assert b"with ESMTPS" in ours[0] if "--tls" in options else b"with ESMTP\n" in ours[0]
    assert b"for <bob@postfix.example>" in ours[0]


@pytest.mark.parametrize("program", ["curl", "msmtp"])
def test_other_clients(
    program: str, daemon: Daemon, postfix: Postfix, authority: Authority, tmp_path: Path
) -> None:
    """Over verified TLS, from a file with dots, eight bits and LF as Unix has them."""
    text = (
        "Message-ID: <1@gmail.com>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nFrom: ann@gmail.com\n"
        "Subject: from a client\n\n.dot\n..two\n.\nGr\u00fc\u00dfe \n"
    ).encode()
    file = tmp_path / "message"
    sender, recipient = "ann@gmail.com", f"bob@{DOMAIN}"
    path = needed(program, program)
    if program == "curl":
        file.write_bytes(text.replace(b"\n", b"\r\n"))
        url = f"smtp://mx.gatepost.test:{daemon.port()}/client.example"
        command = [path, "--url", url, "--resolve", f"mx.gatepost.test:{daemon.port()}:127.0.0.1"]
        command += ["--ssl-reqd", "--cacert", str(authority.file), "--upload-file", str(file)]
        command += ["--mail-from", sender, "--mail-rcpt", recipient]
    else:
        file.write_bytes(text)
        command = [path, "--host=127.0.0.1", f"--port={daemon.port()}", "--domain=client.example"]
        command += ["--tls=on", "--tls-certcheck=on", f"--tls-trust-file={authority.file}"]
        command += [
            "--tls-host-override=mx.gatepost.test",
            "--auth=off",
            f"--from={sender}",
        ]
        command += ["--", recipient]
    with file.open("rb") as stream:
        done = subprocess.run(command, stdin=stream, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    [arrived] = postfix.wait()
    assert after_trace(arrived).rstrip(b"\n") == text.rstrip(b"\n")
    assert b"with ESMTPS" in arrived


def test_smtplib(daemon: Daemon, postfix: Postfix) -> None:
    """One session, every message of the corpus that has a proper header, two recipients."""
    proper = {
        name: content
        for name, content in {**corpus.OWN, **corpus.cpython()}.items()
        if re.match(
            rb"(?im)(?:(?!return-path|received|delivered-to)[!-9;-~]+:.*\r\n(?:[ \t].*\r\n)*)+\r\n",
            content,
        )
        and max(map(len, content.split(b"\r\n"))) <= 998
    }
    assert len(proper) > 12
    with smtplib.SMTP("127.0.0.1", daemon.port(), "client.example", timeout=30) as client:
        for number, content in enumerate(proper.values()):
            marked = b"X-Number: %d\r\n" % number + content
            refused = client.sendmail(
                "ann@gmail.com",
                [f"bob@{DOMAIN}", f"carol@{DOMAIN}"],
                marked,
                mail_options=["BODY=8BITMIME"],
            )
            assert refused == {}
    arrived: dict[int, list[bytes]] = {}
    for message in postfix.wait(2 * len(proper)):
        rest = after_trace(message)
        found = re.match(rb"X-Number: (\d+)\n", rest)
        assert found is not None
        arrived.setdefault(int(found[1]), []).append(rest[found.end() :])
    for number, (name, content) in enumerate(proper.items()):
        whole = content if content.endswith(b"\r\n") else content + b"\r\n"
        assert arrived[number] == [whole.replace(b"\r\n", b"\n")] * 2, name


def test_a_refused_recipient_gets_a_notice_that_postfix_delivers(
    daemon: Daemon, postfix: Postfix
) -> None:
    """The daemon relays notices the same way, so that the sender's mailbox is Postfix's too."""
    daemon.write(bounce={"relay": "next"})
    daemon.reload()
    sender = f"ann@{DOMAIN}"
    with smtplib.SMTP("127.0.0.1", daemon.port(), "client.example", timeout=30) as client:
        client.sendmail(sender, [f"refused@{DOMAIN}"], b"Subject: lost\r\n\r\nx\r\n")
    [notice] = postfix.wait()
    assert notice.startswith(b"Return-Path: <>\n")
    assert b"\nContent-Type: multipart/report; report-type=" in notice
    assert b"\nFinal-Recipient: rfc822; refused@postfix.example\n" in notice
    assert b"\nSubject: lost\n" in notice
