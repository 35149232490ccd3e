"""What the stage is told: of a message, and of the analyzers that are bound. Frozen, and imported
without the libraries that ask."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatepost.policy.values import Session
from gatepost.verdicts import results
from gatepost.verdicts.results import Value

RSPAMD: Final = "rspamd"
HTTP: Final = "http"


class AnalysisFailed(Exception):
    """The analyzer gave no answer that can be used; says why in one clause."""


@dataclass(frozen=True, slots=True)
class Target:
    """An analyzer as it is bound. kind: RSPAMD or HTTP. url: whole. password: sent to rspamd as its
    Password, to others as a bearer token. tls: for https, None is the system's authorities. fields:
    how rspamd's fields are called by rules. reread: the password as it is now; blocks, raises
    GatepostError."""

    kind: str
    url: str
    password: bytes | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    reread: Callable[[], bytes] | None = field(default=None, repr=False)

    def value(self, answer: Mapping[str, Any], name: str) -> Value | None:
        """The field of an answer that a rule names."""
        if self.kind == RSPAMD:
            return results.of_rspamd(answer, self.fields.get(name, name))
        return results.of_http(answer, name)


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known of a message. recipients: at RCPT the one that is asked about."""

    session: Session
    mail_from: str
    recipients: tuple[str, ...]
    ingress: str = ""
