"""A mailbox bound to LMTP: a real daemon delivers by a socket to aiosmtpd's server of LMTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiosmtpd.controller import UnixSocketController
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope

from tests.integration.daemon.mail import MESSAGE, send, without_trace
from tests.integration.daemon.running import Daemon, base_config

Daemons = Callable[[Mapping[str, Any]], Daemon]
MAILBOX = "arn:aws:workmail:eu-west-1:111122223333:organization/m-1"


class Store:
    """Keeps what comes; "full@" is full, "gone@" is gone."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes]] = []
        self.changed = threading.Condition()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        answers = []
        with self.changed:
            for address in envelope.rcpt_tos:
                if address.startswith("full@"):
                    answers.append("452 4.2.2 mailbox full")
                elif address.startswith("gone@"):
                    answers.append("550 5.2.1 mailbox closed")
                else:
                    self.kept.append((address, envelope.original_content))
                    answers.append("250 2.1.5 kept")
            self.changed.notify_all()
        return "\r\n".join(answers)


class Controller(UnixSocketController):
    def factory(self) -> LMTP:
        return LMTP(self.handler, hostname="store.gatepost.test")


def test_each_recipient_of_a_mailbox_is_settled_alone(daemons: Daemons, tmp_path: Path) -> None:
    store, path = Store(), tmp_path / "lmtp.sock"
    controller = Controller(store, unix_socket=str(path))
    controller.start()
    try:
        config = base_config(bindings={"mailboxes": {MAILBOX: {"lmtp": f"unix:{path}"}}})
        config["relays"] = []
        config["rule_sets"][0]["Rules"][0]["Actions"] = [
            {
                "DeliverToMailbox": {
                    "MailboxArn": MAILBOX,
                    "RoleArn": "arn:aws:iam::111122223333:role/r",
                }
            }
        ]
        daemon = daemons(config).start()
        send(daemon.port(), to=["bob@example.com", "gone@example.com", "full@example.com"])
        daemon.until(lambda: daemon.events("Delivery", "Bounce", "TransientFailure")[2:])
        found = {
            event["event"]: (event["recipient"], event["status"], event["peer"])
            for event in daemon.events("Delivery", "Bounce", "TransientFailure")
            if not event["destination"].startswith("mx:")
        }
        assert found == {
            "Delivery": ("bob@example.com", "2.1.5", str(path)),
            "Bounce": ("gone@example.com", "5.2.1", str(path)),
            "TransientFailure": ("full@example.com", "4.2.2", str(path)),
        }
        [(to, content)] = store.kept
        assert to == "bob@example.com"
        assert without_trace(content) == MESSAGE
    finally:
        controller.stop()
