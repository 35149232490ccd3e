"""What Route 53 refuses of a change of record sets and moto lets pass.

Values are in the form of their type (quoted TXT strings of at most 255 characters, an MX
preference, one CNAME value), no CNAME stands beside other records of its name, and only what stands
so is deleted.
Source: the Route 53 developer guide, "Supported DNS record types", and the API reference.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from emulators.aws import moto_state
from emulators.aws.errors import ServiceError
from emulators.aws.scope import Scope

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MX = re.compile(r"\d{1,5}\s+[A-Za-z0-9_.*-]+")
_HOST = re.compile(r"[A-Za-z0-9_.*-]+")

# (name, type) to the values
Records = dict[tuple[str, str], set[str]]


def check(zone_id: str, body: bytes, scope: Scope) -> None:
    """Raise ServiceError for a body of ChangeResourceRecordSets that the service would refuse."""
    zone = moto_state.route53_zone(scope, zone_id)
    if zone is None:
        return  # moto answers that itself
    standing: Records = {
        (_name(one.name), one.type): {str(value) for value in one.records} for one in zone.rrsets
    }
    for action, name, kind, values in _changes(body):
        key = (_name(name), kind)
        if action == "DELETE":
            if values and standing.get(key) != values:
                raise _refused(f"record set {key[0]} {key[1]} was not found with these values")
            standing.pop(key, None)
            continue
        for value in values:
            _check_value(key[1], value)
        if key[1] == "CNAME" and len(values) > 1:
            raise _refused("a CNAME record set has one value")
        standing[key] = values
        types = {kind for name, kind in standing if name == key[0]}
        if "CNAME" in types and len(types) > 1:
            raise _refused(f"RRSet of type CNAME with DNS name {key[0]} is not permitted")


def _changes(body: bytes) -> Iterator[tuple[str, str, str, set[str]]]:
    """Action, name, type and values of every change."""
    try:
        document = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return  # moto answers that itself
    for change in document.iterfind(".//{*}Change"):
        texts = [
            change.findtext(path, "")
            for path in (
                "{*}Action",
                "{*}ResourceRecordSet/{*}Name",
                "{*}ResourceRecordSet/{*}Type",
            )
        ]
        values = {one.text or "" for one in change.iterfind(".//{*}ResourceRecord/{*}Value")}
        yield texts[0], texts[1], texts[2], values


def _check_value(kind: str, value: str) -> None:
    if kind in ("TXT", "SPF"):
        if not _STRINGS.fullmatch(value):
            raise _refused(f"{kind} values are quoted strings")
        if any(len(text) > 255 for text in _STRING.findall(value)):
            raise _refused("CharacterStringTooLong: a string holds at most 255 characters")
    elif kind == "MX" and not _MX.fullmatch(value):
        raise _refused("MX values are a preference and a host name")
    elif kind == "CNAME" and not _HOST.fullmatch(value):
        raise _refused("a CNAME value is a host name")


def _name(name: str) -> str:
    return name.lower().rstrip(".").replace("\\052", "*")


def _refused(message: str) -> ServiceError:
    return ServiceError("InvalidChangeBatch", f"[{message}]")
