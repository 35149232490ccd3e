# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only I/O with Microsoft Graph: a delivered message, found by its Message-ID and read raw.

The application needs Mail.Read. The whole mailbox is looked through, junk mail included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from ansible_collections.gatepost.mail.plugins.module_utils.errors import ServiceError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import protocol
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.login import Token
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.patience import (
    patiently,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.transport import (
    Session,
)

T = TypeVar("T")


class Graph:
    def __init__(self, endpoint: str, session: Session) -> None:
        self._endpoint = endpoint
        self._session = session

    def find_message(self, mailbox: str, message_id: str) -> bytes | None:
        """A delivered message as the mailbox holds it; None while there is none.

        Raises ServiceError: a mailbox that cannot be read is never an empty one.
        """
        wanted = "<{}>".format(message_id.strip("<> ").replace("'", "''"))
        query = f"$filter={quote(f'internetMessageId eq {chr(39)}{wanted}{chr(39)}')}&$select=id"
        messages = f"/v1.0/users/{quote(mailbox)}/messages"
        listed = self._get("list messages", f"{messages}?{query}", _identities)
        if not listed:
            return None
        return self._get("read message", f"{messages}/{quote(listed[0])}/$value", lambda raw: raw)

    def _get(self, operation: str, path: str, read: Callable[[bytes], T]) -> T:
        def request(token: Token) -> tuple[str, dict[str, str]]:
            return self._endpoint + path, {"Authorization": f"Bearer {token.value}"}

        def attempt() -> T:
            reply = self._session.send(operation, "GET", request)
            if not 200 <= reply.status < 300:
                raise protocol.refusal(operation, reply)
            return read(reply.content)

        return patiently(attempt, reads=True)


def _identities(content: bytes) -> list[str]:
    try:
        value: Any = json.loads(content)["value"]
        return [str(one["id"]) for one in value]
    except (ValueError, KeyError, TypeError):
        told = "the reply is not a list of messages"
        raise ServiceError("list messages", "BadReply", told) from None
