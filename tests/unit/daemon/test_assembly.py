"""A worker's parts at a reload, where what cannot be read leaves everything as it was, and at its
end."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatepost.config import load
from gatepost.config.values import Config
from gatepost.daemon.assembly import Assembly
from gatepost.errors import ConfigError
from gatepost.events import nowhere
from tests.unit.config.conftest import GOOD


def written(file: Path, document: dict[str, Any]) -> Config:
    """With the place of its spool."""
    file.write_text(yaml.safe_dump(document))
    config = load(file)
    config.spool.path.mkdir()
    return config


@asynccontextmanager
async def running(
    file: Path, document: dict[str, Any]
) -> AsyncIterator[tuple[Assembly, tuple[str, int]]]:
    """The only worker's parts, from this document in this file, and where they listen."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        address = sock.getsockname()[:2]
        document["ingress_points"][0]["listen"] = [f"127.0.0.1:{address[1]}"]
        assembly = Assembly(written(file, document), 0, 1, nowhere)
        await assembly.start({address: sock}, ())
        try:
            yield assembly, address
        finally:
            await assembly.stop()


async def test_a_secret_that_is_gone_at_a_reload_changes_nothing(tmp_path: Path) -> None:
    """The supervisor has judged the file, but a moment earlier."""
    keys = tmp_path / "srs.json"
    keys.write_text(json.dumps({"keys": ["0123456789abcdef"]}))
    document: dict[str, Any] = copy.deepcopy(GOOD)
    document["bounce"] = {"domain": "srs.example.net", "secret_file": "srs.json"}
    file = tmp_path / "gatepost.yml"
    async with running(file, document) as (assembly, address):
        before = assembly.config
        (_point, listening) = assembly._listeners.now[address]
        receiver = listening.receiver
        keys.unlink()
        document["hostname"] = "mx2.example.net"
        file.write_text(yaml.safe_dump(document))
        with pytest.raises(ConfigError, match=r"srs\.json"):
            await assembly.reload(load(file))
        assert assembly.config is before
        assert assembly._listeners.now[address][1] is listening
        assert (listening.receiver, listening.hostname) == (receiver, before.hostname)


async def test_delivery_and_verdicts_ask_one_resolver_which_a_reload_makes_anew(
    tmp_path: Path,
) -> None:
    """So that a changed resolv.conf counts, and a mended record at once."""
    file = tmp_path / "gatepost.yml"
    async with running(file, copy.deepcopy(GOOD)) as (assembly, _address):
        seen = []
        for _ in range(2):
            mx = assembly._relay.mx
            assert mx is not None
            assert mx._resolver is assembly._stage.resolver
            seen.append(mx._resolver)
            await assembly.reload(load(file))
        assert seen[0] is not seen[1]


@pytest.mark.parametrize("end", [Assembly.drain, Assembly.stop])
async def test_a_client_whose_250_waits_hears_it_when_the_worker_ends(
    tmp_path: Path, end: Callable[[Assembly], Awaitable[None]]
) -> None:
    """Its message is stored: without the 250 it would come again."""
    async with running(tmp_path / "gatepost.yml", copy.deepcopy(GOOD)) as (assembly, address):
        flow = assembly._flow
        for shard in assembly._shards:
            assert shard.scheduler._work._runner is flow
        flow.stored = lambda _id: 60.0
        reader, writer = await asyncio.open_connection(*address)
        writer.write(
            b"EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
            b"DATA\r\n"
        )
        await reader.readuntil(b"\r\n354 ")
        writer.write(b"From: <ann@gmail.com>\r\n\r\nx\r\n.\r\n")
        async with asyncio.timeout(10):
            while not flow._resting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            ended = asyncio.create_task(end(assembly))
            await reader.readline()  # the rest of the 354
            assert (await reader.readline()).startswith(b"250 2.0.0 Accepted")
            await ended
        writer.close()
