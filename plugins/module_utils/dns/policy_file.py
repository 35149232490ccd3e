# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The MTA-STS policy file, fetched as a sending server would: over HTTPS, judged, not redirected.

The host is looked up by the resolver that is asked about everything else, not by the machine's.
Source: RFC 8461, section 3.3.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

LARGEST = 64 * 1024


@dataclass(frozen=True)
class Fetched:
    """text: the policy, or None; error: then why there is none."""

    text: str | None
    error: str = ""


def trust(ca_file: str | None) -> ssl.SSLContext:
    """The system's authorities, or those of a file alone. Raises BadOption."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise BadOption("ca_file", f"{ca_file}: {error}") from None


def fetch(
    domain: str, addresses: Sequence[str], *, context: ssl.SSLContext, port: int, timeout: float
) -> Fetched:
    """The policy of a domain. addresses: of mta-sts.DOMAIN, tried in turn. Never raises."""
    host = f"mta-sts.{domain}"
    if not addresses:
        return Fetched(None, f"{host} has no address")
    told = ""
    for address in addresses:
        try:
            return _fetch(host, address, context, port, timeout)
        except (OSError, ValueError, http.client.HTTPException) as error:
            told = f"https://{host}: {type(error).__name__}: {error}"
    return Fetched(None, told)


def _fetch(host: str, address: str, context: ssl.SSLContext, port: int, timeout: float) -> Fetched:
    connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    try:
        plain = socket.create_connection((address, port), timeout)
        try:
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        name = host if port == http.client.HTTPS_PORT else f"{host}:{port}"
        connection.request("GET", "/.well-known/mta-sts.txt", headers={"Host": name})
        response = connection.getresponse()
        content = response.read(LARGEST + 1)
    finally:
        connection.close()
    kind = response.headers.get_content_type()
    if response.status != 200:
        return Fetched(None, f"https://{host}: HTTP {response.status}, where only 200 counts")
    if kind != "text/plain":
        return Fetched(None, f"https://{host}: is {kind}, where only text/plain counts")
    if len(content) > LARGEST:
        return Fetched(None, f"https://{host}: is longer than {LARGEST} octets")
    return Fetched(content.decode("utf-8", "replace"))
