"""Real mail through the daemon, and what `gatepost explain` had said of each message."""

from __future__ import annotations

import json
import smtplib
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.gatepost.mail.plugins.module_utils.providers import egress_range

from tools.demo.commands import run
from tools.demo.onboarding import INBOUND, INGRESS, OUTBOUND, REGION
from tools.demo.progress import Progress
from tools.demo.relay import Relay

HELO = "client.example.org"
PLACES = {OUTBOUND: "exchange", INBOUND: "google"}


@dataclass(frozen=True)
class Case:
    name: str
    sender: str
    recipient: str
    tls: bool = False


CASES = (
    Case("from gmail.com", "amy@gmail.com", "bob@example.com"),
    Case("from elsewhere", "carol@example.org", "bob@example.com"),
    Case("from gmail.com, over TLS", "amy@gmail.com", "dora@example.com", tls=True),
    Case("from elsewhere, over TLS", "carol@example.org", "dora@example.com", tls=True),
    Case("to a domain that is not verified", "carol@example.org", "eve@example.edu"),
)


def exchange(
    progress: Progress, info: Mapping[str, Any], env: Mapping[str, str], relay: Relay, out: Path
) -> list[dict[str, str]]:
    """Foretell, send and find every case; the rows of the report's table."""
    rows = []
    places = _places(relay.config)
    for number, case in enumerate(CASES, 1):
        message_id = f"demo-{number}@example.org"
        file = out / f"message-{number}.eml"
        file.write_bytes(_message(case, message_id))
        foretold = _explain(case, file, relay, env, out / f"explain-{number}.json", places)
        answer = _send(case, file.read_bytes(), relay.port)
        actual = answer
        if answer.startswith("250"):
            actual = _find(info["control"], message_id, case.recipient)
        agrees = actual == foretold
        if foretold == "refused by verified_domains":
            agrees = actual.startswith("550 5.7.1 ")
        progress.check(
            f"mail {case.name}: ends where explain says", agrees, f"{foretold}; then {actual}"
        )
        rows.append(
            {
                "name": case.name,
                "from": case.sender,
                "to": case.recipient,
                "tls": "yes" if case.tls else "no",
                "foretold": foretold,
                "actual": actual,
                "agrees": "yes" if agrees else "no",
                "message": file.name,
                "explain": f"explain-{number}.json",
            }
        )
    return rows


def transport(progress: Progress, info: Mapping[str, Any]) -> None:
    """How the mailboxes saw the relay: TLS to both, credentials at Exchange alone."""
    mail = _get(info["control"], "/mail")["mail"]
    for server, named in (("exchange", True), ("google", False)):
        ours = [each for each in mail if each["server"] == server]
        good = ours and all(each["tls"] and bool(each["username"]) is named for each in ours)
        how = "TLS and AUTH LOGIN" if named else "TLS, without credentials"
        seen = ", ".join(f"{each['tls'] or 'no TLS'} from {each['peer']}" for each in ours)
        progress.check(f"{server} was spoken to by {how}", good, seen or "no mail")


def _message(case: Case, message_id: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = case.sender, case.recipient
    message["Subject"] = f"Demo, {case.name}"
    message["Date"], message["Message-ID"] = formatdate(), f"<{message_id}>"
    message.set_content("Mail of the demo.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def _explain(
    case: Case,
    file: Path,
    relay: Relay,
    env: Mapping[str, str],
    log: Path,
    places: Mapping[str, str],
) -> str:
    """The place where the message is to end, or who is to refuse it."""
    status, output = run(
        [
            *("gatepost", "explain", "--config", str(relay.config), "--ingress", INGRESS),
            *("--message", str(file), "--mail-from", case.sender, "--rcpt", case.recipient),
            *("--source-ip", "127.0.0.1", "--helo", HELO, "--json"),
            *(("--tls", "TLS1_3") if case.tls else ()),
        ],
        log=log,
        env=env,
    )
    if status:
        return f"explain failed: {output.strip()[-300:]}"
    told = json.loads(output)["recipients"][0]
    if not told["admitted"]:
        return f"refused by {told['admitted_by']}"
    relays = [effect["target"] for effect in told["effects"] if effect["action"] == "Relay"]
    return ", ".join(places.get(name, name) for name in relays)


def _places(config: Path) -> dict[str, str]:
    """The mailbox behind each relay of the daemon's file, by every spelling of the relay."""
    relays = yaml.safe_load(config.read_text("utf-8"))["relays"]
    return {
        each[member]: PLACES[each["RelayName"]]
        for each in relays
        for member in ("RelayName", "RelayId", "RelayArn")
        if member in each
    }


def _send(case: Case, content: bytes, port: int) -> str:
    """The daemon's answer, code first."""
    try:
        with smtplib.SMTP("127.0.0.1", port, local_hostname=HELO, timeout=30) as client:
            client.ehlo()
            if case.tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                client.starttls(context=context)
                client.ehlo()
            client.mail(case.sender)
            code, text = client.rcpt(case.recipient)
            if code == 250:
                code, text = client.data(content)
            return f"{code} {text.decode()}"
    except (OSError, smtplib.SMTPException) as error:
        return str(error)


def _find(control: str, message_id: str, recipient: str) -> str:
    query = urllib.parse.urlencode({"mailbox": recipient, "message_id": message_id})
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = _get(control, f"/mail?{query}")["mail"]
        if found:
            return ", ".join(sorted({each["server"] for each in found}))
        time.sleep(0.1)
    return "not delivered in 20 s"


def _get(control: str, path: str) -> Any:
    with urllib.request.urlopen(control + path, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def save_gateway(control: str) -> None:
    """Save the inbound gateway as the page says, in the emulated console."""
    setting = {
        "enabled": True,
        "gateway_ips": [egress_range(REGION)],
        "detect_external_ip": True,
        "require_tls": True,
    }
    request = urllib.request.Request(  # noqa: S310
        control + "/google/gateway", json.dumps(setting).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass
