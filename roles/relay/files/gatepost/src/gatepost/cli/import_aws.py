"""`gatepost import`: reads what an ingress point uses from Mail Manager and writes the daemon's
file.

The documents are written exactly as the API prints them. What the API has no word for is a skeleton
to complete (`bindings`, by hand or by --binding); no secret's value is ever read. The same account
gives the same file.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from gatepost.cli.mail_manager import Found, open_account
from gatepost.config import document, load
from gatepost.errors import GatepostError

_BINDING_KEYS: Final = ("tls", "secret_file", "ca", "address", "source_address")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "import",
        help="write the daemon's file from what Mail Manager holds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--endpoint-url", metavar="URL", help="of the AWS API, else the region's")
    parser.add_argument("--region", help="else the profile's or the environment's")
    parser.add_argument("--profile", help="of the AWS configuration")
    parser.add_argument(
        "--ingress", default="all", metavar="NAME|ID", help="an ingress point, or all (%(default)s)"
    )
    parser.add_argument(
        "--listen",
        action="append",
        required=True,
        metavar="[NAME=]ADDRESS:PORT",
        help="where an ingress point listens on this host; repeatable, NAME= tells several apart",
    )
    parser.add_argument("--spool", required=True, metavar="PATH")
    parser.add_argument("--hostname", help="the name that the daemon gives itself, else the host's")
    parser.add_argument("--certificate", metavar="FILE", help="of the listeners, with --key")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--metrics", metavar="ADDRESS:PORT")
    parser.add_argument(
        "--binding",
        action="append",
        default=[],
        metavar="RELAY:KEY=VALUE",
        help=f"completes the binding of a relay; keys: {', '.join(_BINDING_KEYS)}; repeatable",
    )
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="- is standard output"
    )
    parser.add_argument("--json", action="store_true", help="tell what was written as JSON")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    options = Options.of(arguments)
    account = open_account(arguments.region, arguments.endpoint_url, arguments.profile)
    found = account.read(arguments.ingress)
    content = compose(found, options)
    text = _HEADER + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )
    if arguments.output == "-":
        if found.address_lists:
            raise GatepostError("-o -: address lists are written beside the file; name one")
        sys.stdout.write(text)
        return 0
    output = Path(arguments.output)
    # Nothing is written that the daemon would not read.
    load(output, document.parse(output, text))
    for name, members in found.address_lists.items():
        _replace(output.parent / _list_file(name), "".join(f"{each}\n" for each in members))
    _replace(output, text)
    summary = {
        "file": str(output),
        "ingress_points": [each["name"] for each in content["ingress_points"]],
        "relays": list(content["bindings"]["relays"]),
        "secret_files": sorted(
            binding["secret_file"]
            for binding in content["bindings"]["relays"].values()
            if "secret_file" in binding
        ),
        "address_lists": sorted(found.address_lists),
    }
    if arguments.json:
        print(json.dumps(summary, indent=2))
    else:
        print(f"{output}: ingress points {', '.join(summary['ingress_points'])}")
        for name in summary["secret_files"]:
            print(f'  needs {name} beside it: {{"username": …, "password": …}}')
    return 0


_HEADER: Final = (
    "# Written by `gatepost import`. The documents are Mail Manager's; complete `bindings`, then\n"
    "# `gatepostd --config FILE --check`.\n"
)


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, parsed. listen: by ingress point's name, "" for the only one."""

    hostname: str
    spool: str
    listen: Mapping[str, Sequence[str]]
    tls: Mapping[str, str] | None
    metrics: str | None
    bindings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Options:
        """Raises GatepostError."""
        if bool(arguments.certificate) != bool(arguments.key):
            raise GatepostError("--certificate and --key go together")
        listen: dict[str, list[str]] = {}
        for text in arguments.listen:
            name, _equals, address = text.rpartition("=")
            listen.setdefault(name, []).append(address)
        bindings: dict[str, dict[str, str]] = {}
        for text in arguments.binding:
            place, equals, value = text.partition("=")
            relay, colon, key = place.rpartition(":")
            if not (equals and colon and relay and value):
                raise GatepostError(f"--binding {text}: is not RELAY:KEY=VALUE")
            if key not in _BINDING_KEYS:
                raise GatepostError(f"--binding {text}: known keys: {', '.join(_BINDING_KEYS)}")
            bindings.setdefault(relay, {})[key] = value
        tls = {"certificate": arguments.certificate, "key": arguments.key}
        return cls(
            hostname=arguments.hostname or socket.getfqdn(),
            spool=arguments.spool,
            listen=listen,
            tls=tls if arguments.certificate else None,
            metrics=arguments.metrics,
            bindings=bindings,
        )


def compose(found: Found, options: Options) -> dict[str, Any]:
    """The daemon's file as a value. Pure. Raises GatepostError."""
    names = [each["IngressPointName"] for each in found.ingress_points]
    for name in options.listen:
        if name and name not in names:
            raise GatepostError(f"--listen {name}=…: no such ingress point was read")
    relays = {relay["RelayName"]: relay for relay in found.relays}
    for name in options.bindings:
        if name not in relays:
            raise GatepostError(f"--binding {name}:…: no rule of these rule sets uses that relay")
    content: dict[str, Any] = {
        "version": 1,
        "hostname": options.hostname,
        "spool": {"engine": "disk", "path": options.spool},
        "ingress_points": [_ingress(each, found, options) for each in found.ingress_points],
        "traffic_policies": list(map(printable, found.traffic_policies)),
        "rule_sets": list(map(printable, found.rule_sets)),
        "relays": list(map(printable, found.relays)),
        "bindings": {
            "relays": {
                name: {**_binding(relay), **options.bindings.get(name, {})}
                for name, relay in relays.items()
            }
        },
        "verified_domains": list(found.verified_domains),
    }
    if found.address_lists:
        content["bindings"]["address_lists"] = {
            name: {"file": _list_file(name)} for name in found.address_lists
        }
    if options.metrics:
        content["metrics"] = {"listen": options.metrics}
    return content


def _list_file(name: str) -> str:
    return f"{name}.txt"


def _ingress(point: Mapping[str, Any], found: Found, options: Options) -> dict[str, Any]:
    name = point["IngressPointName"]
    listen = options.listen.get(name)
    if listen is None and len(found.ingress_points) == 1:
        listen = options.listen.get("")
    if listen is None:
        raise GatepostError(f"ingress point {name}: give --listen {name}=ADDRESS:PORT")
    policy = point.get("TlsPolicy", "OPTIONAL" if point["Type"] == "OPEN" else "REQUIRED")
    made: dict[str, Any] = {
        "name": name,
        "id": point["IngressPointId"],
        "listen": list(listen),
        "type": point["Type"],
        "tls_policy": policy,
    }
    if options.tls is not None:
        made["tls"] = dict(options.tls)
    elif point["Type"] != "OPEN" or policy != "OPTIONAL":
        made["tls"] = {"certificate": f"{name}.crt", "key": f"{name}.key"}
    if point["Type"] == "MTLS":
        made["tls"]["client_ca"] = f"{name}-client-ca.crt"
    if point["Type"] == "AUTH":
        made["auth"] = {"secret_file": f"{name}-ingress.json"}
    made["traffic_policy"] = found.policy_names[point["TrafficPolicyId"]]
    made["rule_set"] = found.rule_set_names[point["RuleSetId"]]
    return made


def _binding(relay: Mapping[str, Any]) -> dict[str, str]:
    if "SecretArn" in relay.get("Authentication", {}):
        return {"tls": "verify", "secret_file": f"{relay['RelayName']}.json"}
    return {"tls": "encrypt"}


def printable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A response as `aws` prints it: no metadata of the answer, times as text."""
    made: dict[str, Any] = json.loads(
        json.dumps(
            {key: value for key, value in document.items() if key != "ResponseMetadata"},
            default=_time,
        )
    )
    return made


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a document")


def _replace(output: Path, text: str) -> None:
    """The file is there whole or not at all."""
    try:
        descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(name).chmod(0o640)
            Path(name).replace(output)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise GatepostError(f"{output}: cannot be written: {error.strerror}") from error
