"""Analyzers: what the add-ons of Mail Manager are on a host, asked over HTTP.

Two kinds. rspamd: the message to /checkv2 with rspamd's own headers. http: a form of the parts
`envelope` (JSON) and, after DATA, `message`; the answer is a JSON object of fields by the names
that rules give them. docs/verdicts.md is the contract; the caller has a deadline.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx

from gatepost.verdicts.values import RSPAMD, Mail, Target

_ANSWER_MAX: Final = 1 << 20
_HUNG_UP: Final = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class AnalysisFailed(Exception):
    """The analyzer gave no answer that can be used; says why in one clause."""


class Client:
    """Asks one analyzer; connections are kept until it retires. seconds: for each step of a
    request."""

    def __init__(self, target: Target, hostname: str, seconds: float) -> None:
        self.target = target
        self._hostname = hostname
        self._asking = 0
        self._retired = False
        tls = target.tls or ssl.create_default_context() if target.url[:6] == "https:" else False
        # Neither proxies nor redirects: mail goes where the file says.
        self._http = httpx.AsyncClient(verify=tls, timeout=seconds, limits=_LIMITS, trust_env=False)

    async def ask(self, mail: Mail, message: bytes | None) -> Mapping[str, Any]:
        """message: without dot-stuffing; None at RCPT. Raises AnalysisFailed."""
        self._asking += 1
        try:
            request = self._request(mail, message)
            try:
                content = await self._post(request)
            except _HUNG_UP:  # a kept connection may end as it is used: once more, on another
                content = await self._post(request)
            answer = json.loads(content)
        except httpx.LocalProtocolError:  # whose text quotes what it was given, the password too
            raise AnalysisFailed("a request cannot say this") from None
        except (httpx.HTTPError, OSError) as error:
            raise AnalysisFailed(f"{type(error).__name__}: {error}") from None
        except (ValueError, RecursionError):
            raise AnalysisFailed("the answer is not JSON") from None
        finally:
            self._asking -= 1
            await self._close()
        if not isinstance(answer, dict):
            raise AnalysisFailed("the answer is not a JSON object")
        return answer

    async def _post(self, request: dict[str, Any]) -> bytes:
        """Raises AnalysisFailed, and what httpx raises."""
        content = bytearray()
        async with self._http.stream("POST", self.target.url, **request) as got:
            if got.status_code != httpx.codes.OK:
                raise AnalysisFailed(f"answered {got.status_code}")
            async for piece in got.aiter_bytes():
                content += piece
                if len(content) > _ANSWER_MAX:
                    raise AnalysisFailed("the answer is too long")
        return bytes(content)

    async def retire(self) -> None:
        """Closes when nobody is asking any more."""
        self._retired = True
        await self._close()

    async def _close(self) -> None:
        if self._retired and not self._asking:
            await self._http.aclose()

    def _request(self, mail: Mail, message: bytes | None) -> dict[str, Any]:
        if self.target.kind == RSPAMD:
            return {"headers": self._rspamd_headers(mail), "content": message or b""}
        envelope = json.dumps(_envelope(mail))
        parts: dict[str, Any] = {"envelope": (None, envelope, "application/json")}
        if message is not None:
            parts["message"] = ("message.eml", message, "message/rfc822")
        headers: dict[str, bytes] = {}
        if self.target.password is not None:
            headers["Authorization"] = b"Bearer " + self.target.password
        return {"headers": headers, "files": parts}

    def _rspamd_headers(self, mail: Mail) -> list[tuple[str, bytes]]:
        session = mail.session
        found = [
            ("IP", session.source_ip),
            ("Helo", session.helo),
            ("From", mail.mail_from),
            *(("Rcpt", each) for each in mail.recipients),
            ("User", session.authenticated or ""),
            ("MTA-Name", self._hostname),
        ]
        headers = [(name, value.encode("utf-8")) for name, value in found if value]
        if self.target.password is not None:
            headers.append(("Password", self.target.password))
        return headers


def _envelope(mail: Mail) -> dict[str, Any]:
    return {
        "source_ip": mail.session.source_ip,
        "helo": mail.session.helo,
        "tls": mail.session.tls_version,
        "authenticated": mail.session.authenticated,
        "mail_from": mail.mail_from,
        "recipients": list(mail.recipients),
        "ingress": mail.ingress,
    }
