# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters that compute what the providers' consoles ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.gatepost.mail.plugins.module_utils import providers


def egress_range(region: str) -> str:
    try:
        return providers.egress_range(region)
    except ValueError as error:
        raise AnsibleFilterError(f"gatepost.mail.egress_range: {error}") from None


def provider_host(domain: str, provider: str) -> str:
    try:
        return providers.provider_host(domain, provider)
    except ValueError as error:
        raise AnsibleFilterError(f"gatepost.mail.provider_host: {error}") from None


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"egress_range": egress_range, "provider_host": provider_host}
