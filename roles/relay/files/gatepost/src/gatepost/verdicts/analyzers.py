"""Analyzers: what the add-ons of Mail Manager are on a host, asked over HTTP.

Two kinds. rspamd: the message to /checkv2 with rspamd's own headers. http: a form of the parts
`envelope` (JSON) and, after DATA, `message`; the answer is a JSON object of fields by the names
that rules give them. docs/verdicts.md is the contract; the caller has a deadline. A message is sent
in pieces and not copied; an answer is read plain, up to its bound.
"""

from __future__ import annotations

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx

from gatepost.errors import GatepostError
from gatepost.verdicts.values import RSPAMD, AnalysisFailed, Mail, Target

_ANSWER_MAX: Final = 1 << 20
_PIECE: Final = 1 << 16
_REFUSED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_HUNG_UP: Final = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20)


class _CredentialsRefused(AnalysisFailed):
    pass


class Client:
    """Asks one analyzer; connections are kept until it retires. seconds: for each step of a
    request."""

    def __init__(self, target: Target, hostname: str, seconds: float) -> None:
        self.target = target
        self._password = target.password
        self._hostname = hostname
        self._asking = 0
        self._retired = False
        tls = target.tls or ssl.create_default_context() if target.url[:6] == "https:" else False
        # Neither proxies nor redirects: mail goes where the file says.
        self._http = httpx.AsyncClient(verify=tls, timeout=seconds, limits=_LIMITS, trust_env=False)

    async def ask(self, mail: Mail, message: bytes | None) -> Mapping[str, Any]:
        """message: without dot-stuffing; None at RCPT. Raises AnalysisFailed."""
        self._asking += 1
        used = self._password
        try:
            try:
                content = await self._twice(mail, message)
            except _CredentialsRefused:
                if not await self._renewed(used):
                    raise
                content = await self._twice(mail, message)
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

    async def _twice(self, mail: Mail, message: bytes | None) -> bytes:
        try:
            return await self._post(self._request(mail, message))
        except _HUNG_UP:  # a kept connection may end as it is used: once more, on another
            return await self._post(self._request(mail, message))

    async def _renewed(self, refused: bytes | None) -> bool:
        """Whether the secret holds another password than the one that was refused. What cannot be
        read leaves the last one in force."""
        if self.target.reread is None:
            return False
        try:
            self._password = await asyncio.to_thread(self.target.reread)
        except GatepostError:
            return False
        return self._password != refused

    async def _post(self, request: dict[str, Any]) -> bytes:
        """Raises AnalysisFailed, and what httpx raises."""
        content = bytearray()
        async with self._http.stream("POST", self.target.url, **request) as got:
            if got.status_code in _REFUSED:
                raise _CredentialsRefused(f"answered {got.status_code}")
            if got.status_code != httpx.codes.OK:
                raise AnalysisFailed(f"answered {got.status_code}")
            # Compressed, it may be of any size: some hundred octets can become a gigabyte.
            if got.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
                raise AnalysisFailed("the answer is compressed, which was not asked for")
            async for piece in got.aiter_raw():
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
            content = message or b""
            return {"headers": self._rspamd_headers(mail, content), "content": _pieces(content)}
        envelope = json.dumps(_envelope(mail))
        parts: dict[str, Any] = {"envelope": (None, envelope, "application/json")}
        if message is not None:
            parts["message"] = ("message.eml", io.BytesIO(message), "message/rfc822")
        headers = {"Accept-Encoding": b"identity"}
        if self._password is not None:
            headers["Authorization"] = b"Bearer " + self._password
        return {"headers": headers, "files": parts}

    def _rspamd_headers(self, mail: Mail, content: bytes) -> list[tuple[str, bytes]]:
        session = mail.session
        found = [
            ("IP", session.source_ip),
            ("Helo", session.helo),
            ("From", mail.mail_from),
            *(("Rcpt", each) for each in mail.recipients),
            ("User", session.authenticated or ""),
            ("MTA-Name", self._hostname),
            ("Content-Length", str(len(content))),
            ("Accept-Encoding", "identity"),
        ]
        headers = [(name, value.encode("utf-8")) for name, value in found if value]
        if self._password is not None:
            headers.append(("Password", self._password))
        return headers


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]


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
