"""MailFrom REPLACE with a real daemon: the sender that the next hop sees, the return that comes
back to it, and the addresses that are refused."""

from __future__ import annotations

import json
import smtplib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from emulators.ports import free_port
from gatepost.delivery.srs import Srs
from tests.integration.daemon.mail import MESSAGE, send, without_trace
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

Daemons = Callable[[Mapping[str, Any]], Daemon]
OLD, NEW = "the key of last year", "the key of this year"
DAY = 86400.0


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "srs.json"
    file.write_text(json.dumps({"keys": [NEW, OLD]}))
    return file


def relaying(sink: Sink, keys: Path, bounce: dict[str, Any], **changes: Any) -> dict[str, Any]:
    config = base_config(
        bounce={"domain": "srs.gatepost.test", "secret_file": str(keys), **bounce},
        bindings={"relays": {"next": {"tls": "none", "address": sink.address}}},
        verified_domains=["example.com"],
        **changes,
    )
    config["rule_sets"][0]["Rules"][0]["Actions"] = [
        {"Relay": {"Relay": "next", "MailFrom": "REPLACE"}}
    ]
    return config


def refused(daemon: Daemon, to: str) -> bytes:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        send(daemon.port(), sender="", to=to)
    ((code, text),) = raised.value.recipients.values()
    assert code == 550
    return text


def test_there_and_back(daemons: Daemons, sink: Sink, keys: Path) -> None:
    daemon = daemons(relaying(sink, keys, {"relay": "next"})).start()
    send(daemon.port(), sender="ann@gmail.com")
    rewritten = sink.wait(1)[0].mail_from
    now = time.time()
    assert rewritten.startswith("SRS0=")
    assert rewritten.endswith("=gmail.com=ann@srs.gatepost.test")
    send(daemon.port(), sender="", to=rewritten)
    back = sink.wait(2)[1]
    assert (back.mail_from, back.recipients) == ("", ["ann@gmail.com"])
    assert without_trace(back.content) == MESSAGE
    assert NEW not in daemon.log.read_text()

    # Of the key before, lower case; forged; too old; no SRS at all.
    last_year = Srs("srs.gatepost.test", [OLD.encode()])
    send(daemon.port(), sender="", to=last_year.forward("eve@x.org", now).lower())
    assert sink.wait(3)[2].recipients == ["eve@x.org"]
    stranger = Srs("srs.gatepost.test", [b"the key of a stranger"])
    assert b"5.7.1" in refused(daemon, stranger.forward("eve@x.org", now))
    assert b"5.1.1" in refused(daemon, last_year.forward("eve@x.org", now - 30 * DAY))
    assert b"5.7.1" in refused(daemon, "eve@srs.gatepost.test")
    assert [event["by"] for event in daemon.events("Denial")] == ["srs", "srs", "verified_domains"]


def test_what_stays(daemons: Daemons, sink: Sink, keys: Path) -> None:
    """The null sender, one of ours, and one that is too long, which is recorded."""
    daemon = daemons(relaying(sink, keys, {})).start()
    long = "bounces-0123456789-0123456789-bob=example.com@em.example.org"
    for number, sender in enumerate(("", "bob@srs.gatepost.test", long)):
        send(daemon.port(), sender=sender)
        assert sink.wait(number + 1)[number].mail_from == sender
    (event,) = daemon.events("SenderKept")
    assert (event["mail_from"], event["id"]) == (long, daemon.events("Reception")[2]["id"])


def test_a_return_needs_no_permission_and_goes_by_mx(
    daemons: Daemons, sink: Sink, keys: Path
) -> None:
    """A default DENY does not hold for it, a DENY statement does; without a relay the original
    sender's exchangers are asked for."""
    beginning = {
        "StringExpression": {
            "Evaluate": {"Attribute": "RECIPIENT"},
            "Operator": "CONTAINS",
            "Values": ["=mallory@"],
        }
    }
    policy = {
        "TrafficPolicyName": "edge",
        "DefaultAction": "DENY",
        "PolicyStatements": [{"Action": "DENY", "Conditions": [beginning]}],
    }
    config = relaying(
        sink,
        keys,
        {},
        traffic_policies=[policy],
        resolver={"nameservers": [f"127.0.0.1:{free_port()}"], "lifetime": 0.2},
    )
    daemon = daemons(config).start()
    srs = Srs("srs.gatepost.test", [NEW.encode()])
    assert b"5.7.1" in refused(daemon, srs.forward("mallory@x.org", time.time()))
    assert b"5.7.1" in refused(daemon, "bob@example.com")
    send(daemon.port(), sender="", to=srs.forward("ann@X.org", time.time()))
    daemon.until(lambda: daemon.events("TransientFailure"))
    event = daemon.events("TransientFailure")[0]
    assert (event["destination"], event["recipient"]) == ("mx:x.org", "ann@X.org")


def test_keys_are_read_again_on_a_reload(daemons: Daemons, sink: Sink, keys: Path) -> None:
    daemon = daemons(relaying(sink, keys, {"relay": "next"})).start()
    newest = "a key that is newer"
    keys.write_text(json.dumps({"keys": [newest]}))
    daemon.reload()
    send(daemon.port(), sender="ann@gmail.com")
    srs = Srs("srs.gatepost.test", [newest.encode()])
    assert srs.reverse(sink.wait(1)[0].mail_from, time.time()) == "ann@gmail.com"
    keys.write_text("{}")
    daemon.reload()
    (event,) = daemon.events("ReloadRefused")
    assert 'must hold exactly the member "keys"' in event["reason"]
