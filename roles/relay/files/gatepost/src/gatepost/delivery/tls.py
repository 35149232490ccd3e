"""TLS contexts for connections to next hops, kept for as long as the files that they were made of
do not change."""

from __future__ import annotations

import ssl

from gatepost.delivery.outcome import Unmet
from gatepost.delivery.stamp import Stamp, stamp
from gatepost.delivery.values import Tls


class TlsContexts:
    """Two kinds: one that verifies (a CA file's, or the system's authorities), one that only
    encrypts."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[bool, str | None], tuple[Stamp | None, ssl.SSLContext]] = {}

    def get(self, tls: Tls, ca_file: str | None) -> ssl.SSLContext:
        """Raises Unmet, naming the file, when the CA file cannot be used."""
        verify = tls is Tls.VERIFY
        key = (verify, ca_file if verify else None)
        try:
            now = None if key[1] is None else stamp(key[1])
            known = self._contexts.get(key)
            if known is not None and known[0] == now:
                return known[1]
            context = _make(*key)
        except (OSError, ssl.SSLError) as error:
            raise Unmet("4.7.5", f"CA file {ca_file}: {error.strerror or error}") from None
        self._contexts[key] = (now, context)
        return context

    def forget(self) -> None:
        """The system's authorities may have changed too."""
        self._contexts.clear()


def _make(verify: bool, ca_file: str | None) -> ssl.SSLContext:
    if verify:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca_file)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
