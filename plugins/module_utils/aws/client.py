# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls to AWS: a client a service, made when first needed; every call through one retry layer.

Nothing above this file sees a boto3 client, an exception of botocore or a page of a listing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.retry import retried
from ansible_collections.gatepost.mail.plugins.module_utils.errors import ServiceError

# For boto3: what is tried again is decided in retry.py alone.
NO_RETRIES = {"retries": {"total_max_attempts": 1, "mode": "standard"}}


class Service:
    """One service in one region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def region(self) -> str:
        return str(self._client.meta.region_name)

    def call(self, method: str, **request: Any) -> dict[str, Any]:
        """One operation by its boto3 name. Raises NotFound or ServiceError."""
        response: dict[str, Any] = retried(
            self._operation(method), partial(getattr(self._client, method), **request)
        )
        response.pop("ResponseMetadata", None)
        return response

    def call_unrepeatable(self, method: str, **request: Any) -> dict[str, Any]:
        """An operation that takes no token: not made again where it may have been carried out."""
        call = partial(getattr(self._client, method), **request)
        response: dict[str, Any] = retried(self._operation(method), call, repeatable=False)
        response.pop("ResponseMetadata", None)
        return response

    def call_once(self, method: str, member: str = "ClientToken", **request: Any) -> dict[str, Any]:
        """An operation that takes an idempotency token: one for all its attempts.

        member: the token's name in the request.
        """
        return self.call(method, **{member: str(uuid.uuid4())}, **request)

    def all(
        self,
        method: str,
        member: str,
        tokens: tuple[str, str] = ("NextToken", "NextToken"),
        **request: Any,
    ) -> list[Any]:
        """Everything that a listing holds, page by page; each page is retried by itself.

        tokens: the names of the next page's token, in a request and in a response.
        """
        sent, received = tokens
        found: list[Any] = []
        token: dict[str, Any] = {}
        while True:
            page = self.call(method, **request, **token)
            found.extend(page.get(member, []))
            if not page.get(received):
                return found
            if token == {sent: page[received]}:
                raise ServiceError(self._operation(method), "Loop", "the listing does not end")
            token = {sent: page[received]}

    def _operation(self, method: str) -> str:
        return str(self._client.meta.method_to_api_mapping.get(method, method))


class Services:
    """The services of one account and region, by their boto3 names."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self._connect = connect
        self._made: dict[str, Service] = {}

    def __getitem__(self, name: str) -> Service:
        if name not in self._made:
            self._made[name] = Service(self._connect(name))
        return self._made[name]
