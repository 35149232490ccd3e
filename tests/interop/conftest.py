"""One private Postfix for all tests of a process, and the authority that it is known by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from interop.postfix import DOMAIN, Postfix
from unit.delivery.pki import Authority

USERS = {"relay@postfix.example": "s3cret with space"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def postfix(authority: Authority) -> Iterator[Postfix]:
    with Postfix(*authority.issue(f"next.{DOMAIN}"), USERS) as started:
        yield started
