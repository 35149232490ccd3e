"""A port of loopback on which nothing listens, for what cannot be told to choose one itself."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Another process may take it before its user does."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
