"""The two ways to what a relay holds: the running daemon's control socket, and the spool as it
lies."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Final

from gatepost.config import Config
from gatepost.errors import GatepostError
from gatepost.spool import inspect
from gatepost.spool.interface import Entry, SpoolError

_ANSWER_SECONDS: Final = 120.0


class NoDaemon(GatepostError):
    """Nobody answers on the control socket."""


def request(config: Config, do: str, **parameters: Any) -> Any:
    """Asks the running daemon. Raises NoDaemon, GatepostError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_ANSWER_SECONDS)
        try:
            client.connect(str(config.control))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoDaemon(f"{config.control}: no gatepostd answers here") from error
        except OSError as error:
            raise GatepostError(f"{config.control}: {error.strerror}") from error
        try:
            line = json.dumps({"id": 1, "do": do, "with": parameters}) + "\n"
            client.sendall(line.encode("ascii"))
            with client.makefile("rb") as stream:
                answer = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise GatepostError(f"{config.control}: no answer: {error}") from error
    if "error" in answer:
        raise GatepostError(answer["error"])
    return answer["result"]


def shards(config: Config) -> list[Path]:
    """Raises GatepostError."""
    try:
        found: list[Path] = inspect.shards(config.spool.path)
    except (OSError, SpoolError) as error:
        raise GatepostError(f"{config.spool.path}: {error}") from error
    return found


def entries(config: Config) -> list[Entry]:
    """Every pending step of the spool, with or without a daemon. Raises GatepostError."""
    try:
        return [entry for shard in shards(config) for entry in inspect.entries(shard)]
    except (OSError, SpoolError) as error:
        raise GatepostError(f"{config.spool.path}: {error}") from error
