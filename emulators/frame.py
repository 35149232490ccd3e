"""Starts the emulators, announces them, and takes everything down again.

Contract: `emulators.json` is written in one step and only when every emulator serves clients; it is
removed before the first of them stops. Whatever fails at the start, nothing stays running.
"""

import contextlib
import importlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emulators.ca import Authority
from emulators.clock import Clock
from emulators.component import Component, Context
from emulators.control import Control
from emulators.faults import Faults
from emulators.web import Web

# In the order of their start. A component may build on those before it.
COMPONENTS = {
    "aws": "emulators.aws.component",
    "google": "emulators.google.component",
    "login": "emulators.login.component",
    "exchange_online": "emulators.exchange_online.component",
    "graph": "emulators.graph.component",
    "mailboxes": "emulators.mailboxes.component",
    "ingress": "emulators.ingress.component",
    "dns": "emulators.dns.component",
}

# Parts of emulators.json to which several emulators contribute.
_MERGED = ("env", "smtp")


@contextlib.contextmanager
def running(
    only: Sequence[str] | None = None,
    *,
    state: Path | None = None,
    output: Path | None = None,
) -> Iterator[dict[str, Any]]:
    """Run the emulators while the body runs; its value is the content of emulators.json.

    only: names of COMPONENTS, all without it. state: a directory that keeps their state between
    runs. output: the file that announces them. Raises ValueError for an unknown name.
    """
    chosen = _choose(only)
    with contextlib.ExitStack() as stack:
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatepost-emulators-")))
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        authority = Authority((state or run) / "ca")
        context = Context(run, state, authority, Clock(), Faults())
        control = Control(context)
        info = context.info
        for name in chosen:
            component: Component = importlib.import_module(COMPONENTS[name]).create(context)
            context.components[name] = component
            control.add(component)
            stack.callback(component.stop)
            _merge(info, component.start())
        web = Web(control, name="control")
        stack.callback(web.stop)
        info["control"] = web.start()
        info["ca"] = str(authority.certificate)
        _merge(info, {"env": _no_proxy()})
        if output is not None:
            stack.enter_context(_announced(output, info))
        yield info


def _choose(only: Sequence[str] | None) -> list[str]:
    unknown = sorted(set(only or ()) - set(COMPONENTS))
    if unknown:
        raise ValueError(
            f"no such emulator: {', '.join(unknown)}; there are {', '.join(COMPONENTS)}"
        )
    return [name for name in COMPONENTS if only is None or name in only]


def _merge(info: dict[str, Any], fragment: dict[str, Any]) -> None:
    for key, value in fragment.items():
        if key in _MERGED:
            info.setdefault(key, {}).update(value)
        elif key in info:
            raise ValueError(f"two emulators announce {key}")
        else:
            info[key] = value


def _no_proxy() -> dict[str, str]:
    # A machine's proxy must not stand between a client and loopback.
    hosts = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    listed = [host for host in hosts.split(",") if host]
    value = ",".join(dict.fromkeys([*listed, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": value, "no_proxy": value}


@contextlib.contextmanager
def _announced(output: Path, info: dict[str, Any]) -> Iterator[None]:
    output.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(info, indent=2) + "\n"
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    fresh.write_text(content)
    fresh.replace(output)
    try:
        yield
    finally:
        # Another run may have announced itself over ours in the meantime.
        with contextlib.suppress(FileNotFoundError):
            if output.read_text() == content:
                output.unlink()
