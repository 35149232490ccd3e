"""A relay that takes access tokens: a real daemon, and a token that expires and is renewed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import AuthResult

from tests.integration.daemon.mail import send
from tests.integration.daemon.pki import Authority
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink
from tests.integration.daemon.test_relaying import authenticated_relay

Daemons = Callable[[Mapping[str, Any]], Daemon]


@dataclass
class TokenSink(Sink):
    """Takes one token at a time, and answers others as Google does: first with the reason."""

    good: str = ""
    seen: list[str] = field(default_factory=list)

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        user, bearer = said.removesuffix("\x01\x01").split("\x01")
        self.seen.append(bearer.removeprefix("auth=Bearer "))
        if self.seen[-1] == self.good:
            return AuthResult(success=True, auth_data=user.removeprefix("user="))
        answered = await server.challenge_auth('{"status":"401","schemes":"bearer"}')
        assert answered in (b"", None)
        return AuthResult(success=False, handled=False)


def test_a_renewed_token_releases_what_waits(
    daemons: Daemons, pki: Authority, tmp_path: Path
) -> None:
    secret = tmp_path / "next.json"

    def renew(token: str) -> None:
        new = tmp_path / "new"
        new.write_text(json.dumps({"username": "relay@example.com", "access_token": token}))
        new.rename(secret)

    renew("ya29.expired")
    sink = TokenSink(
        context=pki.server_context("next.gatepost.test"),
        accounts={"somebody": "else"},
        good="ya29.renewed",
    )
    with sink:
        binding = {
            "tls": "verify",
            "ca": str(pki.ca),
            "address": sink.address,
            "secret_file": str(secret),
        }
        config = base_config(relays=authenticated_relay(), bindings={"relays": {"next": binding}})
        daemon = daemons(config).start()
        send(daemon.port())
        daemon.until(lambda: daemon.events("Suspension"))
        daemon.until(lambda: len(daemon.events("TransientFailure")) > 1)
        assert sink.seen == ["ya29.expired"]
        renew("ya29.renewed")
        (got,) = sink.wait(1)
        assert (got.username, got.tls) == ("relay@example.com", True)
        assert sink.seen == ["ya29.expired", "ya29.renewed"]
    assert "ya29" not in daemon.log.read_text()
