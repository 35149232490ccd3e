"""The listening sockets. The supervisor binds them once; workers inherit them, so that a worker
that dies loses no connection that it had not taken yet."""

from __future__ import annotations

import socket
from typing import Final

from gatepost.config.values import Address, Config
from gatepost.errors import ConfigError

_BACKLOG: Final = 1024

Listeners = dict[Address, socket.socket]


def bind(config: Config) -> Listeners:
    """A socket for each address of the file. Raises ConfigError and leaves none open."""
    bound: dict[Address, socket.socket] = {}
    try:
        for point in config.ingress_points:
            for number, address in enumerate(point.listen):
                try:
                    bound[address] = listening(address)
                except OSError as error:
                    raise ConfigError(
                        str(config.file),
                        f"{point.path}.listen[{number}]",
                        f"cannot listen on {address[0]} port {address[1]}: {error.strerror}",
                    ) from error
    except ConfigError:
        close(bound)
        raise
    return bound


def listening(address: Address) -> socket.socket:
    """Raises OSError."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "[::]" is IPv6 alone, so that it can stand beside "0.0.0.0".
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def close(listeners: Listeners) -> None:
    """Closes and forgets all of them."""
    for sock in listeners.values():
        sock.close()
    listeners.clear()
