"""The ingress points as a part of the emulators.

    GET  /ingress    every ingress point that has an A record: id, name, region, address, running,
                     error (why it does not run)
    POST /ingress    {"client": IP | null}: the address that clients play from now on, or their own

emulators.json gets `ingress_port`, on which each ingress point listens at the address that `dns`
gives for its A record (and GET /ingress shows); in `env` GATEPOST_INGRESS_PORT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from emulators.component import Context, Handler
from emulators.ingress.points import Points
from emulators.ingress.stored import Cloud, Stored


def create(context: Context) -> IngressComponent:
    return IngressComponent(context)


class IngressComponent:
    """Built on `aws`; relays lead to the `mailboxes` that run."""

    name = "ingress"

    def __init__(self, context: Context) -> None:
        if "aws" not in context.components:
            raise ValueError("ingress needs the emulator aws")
        self._context = context
        self._points = Points(context.run, self._writer)

    def start(self) -> dict[str, Any]:
        port = self._points.start()
        return {"ingress_port": port, "env": {"GATEPOST_INGRESS_PORT": str(port)}}

    def stop(self) -> None:
        self._points.stop()

    def reset(self) -> None:
        self._points.reset()

    def state(self) -> Any:
        return [
            {
                "id": point.id,
                "a_record": point.a_record,
                "address": f"{point.address}:{self._points.port}",
                "running": point.daemon.running,
                "error": point.daemon.error,
            }
            for point in self._points.points()
        ]

    def handlers(self) -> Mapping[str, Handler]:
        return {"GET /ingress": lambda _body: self._list(), "POST /ingress": self._play}

    def address(self, a_record: str) -> str | None:
        """The loopback address of an ingress point that exists, by its A record."""
        exists = any(one["a_record"] == a_record for one in self._known())
        return self._points.address(a_record) if exists else None

    def _list(self) -> Any:
        known = self._known()
        for one in known:
            self._points.address(one["a_record"])
        shown = {one["a_record"]: one for one in self.state()}
        return {"ingress_points": [{**one, **shown[one["a_record"]]} for one in known]}

    def _known(self) -> list[dict[str, Any]]:
        """Every ingress point that has an A record, without a call that would be counted."""
        return [
            {"name": one["name"], "region": one["region"], "a_record": one["a_record"]}
            for one in self._context.components["aws"].state()["mailmanager"]
            if "a_record" in one
        ]

    def _play(self, body: Any) -> Any:
        if not isinstance(body, dict) or set(body) != {"client"}:
            raise ValueError("the body must be an object with the one member client")
        client = body["client"]
        self._points.client = None if client is None else str(ip_address(client))
        return {"client": self._points.client}

    def _writer(self, point_id: str, region: str, a_record: str) -> Callable[[Path, str], Path]:
        info, authority = self._context.info, self._context.ca
        cloud = Cloud(info["aws"], info["env"], info.get("smtp", {}), authority.certificate)
        certificate = authority.server([a_record])
        stored: list[Stored] = []

        def write(directory: Path, listen: str) -> Path:
            # Made at the first connection: it takes a moment.
            if not stored:
                stored.append(Stored(cloud, region))
            return stored[0].write(point_id, directory, listen, certificate)

        return write
