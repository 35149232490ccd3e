"""One command line in, one frozen value out: a command, or the Reply that refuses its form.

Judged here: form only (RFC 5321 section 4.1, RFC 1870 SIZE, RFC 6152 BODY, RFC 6531 SMTPUTF8,
RFC 4954 AUTH=, RFC 3030 BDAT, RFC 3461 RET, ENVID, NOTIFY and ORCPT). Order, limits and policy are
not.
Blanks that RFC 5321 section 4.1.1 asks to tolerate are: at the line's end, and after the colon of
MAIL and RCPT. AUTH= and XOORG=, which Exchange sends, are checked and ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from gatepost.controls import has_control
from gatepost.quick import quick
from gatepost.reply import Reply
from gatepost.smtp.address import LOCAL_PART_BYTES, AddressError, forward_path, reverse_path


@quick
@dataclass(frozen=True, slots=True)
class Hello:
    """HELO, or EHLO if extended."""

    name: str
    extended: bool


@quick
@dataclass(frozen=True, slots=True)
class Mail:
    """sender: "" is the null one. size: octets, 0 if not given. envid: xtext, as sent. extended:
    whether any parameter was given."""

    sender: str
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    extended: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Rcpt:
    """recipient: "postmaster" alone may lack a domain. orcpt: "type;xtext", as sent. extended:
    whether any parameter was given."""

    recipient: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Bdat:
    """size: octets that follow the line. last: they end the message."""

    size: int
    last: bool


@dataclass(frozen=True, slots=True)
class Auth:
    """mechanism: upper case. initial: the initial response as sent, None if there is none."""

    mechanism: str
    initial: bytes | None = field(default=None, repr=False)


@quick
@dataclass(frozen=True, slots=True)
class Plain:
    """A command whose argument decides nothing: DATA, RSET, NOOP, QUIT, STARTTLS, VRFY, HELP."""

    verb: str


Command = Hello | Mail | Rcpt | Bdat | Auth | Plain

UNKNOWN = Reply(500, "5.5.1", "Command not recognized")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
NOT_SMTP = Reply(521, "5.7.0", "This is an SMTP server")
_GARBLED = Reply(500, "5.5.2", "Command is not printable UTF-8 text")
# The last reply: how many octets follow is not known, so nothing after it can be read.
_NO_CHUNK = Reply(521, "5.5.4", "Syntax: BDAT octets [LAST]")
_DUPLICATE = Reply(501, "5.5.4", "Parameter given twice")

_HOST = re.compile(r"[0-9A-Za-z._-]{1,255}|\[[0-9A-Za-z.:-]{1,253}\]")
_PARAMETER = re.compile(r"([0-9A-Za-z][0-9A-Za-z-]*)(?:=([!-<>-~\u00a0-\U0010ffff]+))?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_ORCPT = re.compile(r"[0-9A-Za-z-]+;(?:[!-*,-<>-~\u00a0-\U0010ffff]|\+[0-9A-F]{2})+")
_ENCODED = re.compile(rb"\+([0-9A-F]{2})")
_BASE64 = re.compile(r"[0-9A-Za-z+/]*={0,2}")
_CHUNK = re.compile(r"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)
_MECHANISM = re.compile(r"[0-9A-Za-z_-]{1,20}")
_NOTIFY = frozenset({"SUCCESS", "FAILURE", "DELAY"})


def parse(line: bytes, local_part_bytes: int = LOCAL_PART_BYTES) -> Command | Reply:
    """line: without its CRLF."""
    read = _remembered if line[:4] in _REPEATED else _parse
    return read(line, local_part_bytes)


def _parse(line: bytes, local_part_bytes: int) -> Command | Reply:
    try:
        text = line.decode().rstrip(" \t")
    except UnicodeDecodeError:
        return _garbled(line)
    if has_control(text):
        return _garbled(line)
    verb, _space, argument = text.partition(" ")
    verb = verb.upper()
    if verb == "MAIL":
        return _mail(argument, local_part_bytes)
    if verb == "RCPT":
        return _rcpt(argument, local_part_bytes)
    read = _VERBS.get(verb)
    return UNKNOWN if read is None else read(verb, argument.strip(" "))


# Hosts say the same again and again: 0.3 us instead of 2 for MAIL and RCPT. Nothing that may be a
# credential is kept; 1024 lines of the longest that is taken are 4 MiB with their values.
_REPEATED = frozenset({b"MAIL", b"RCPT", b"DATA", b"EHLO", b"HELO", b"RSET", b"QUIT"})
_remembered = lru_cache(maxsize=1024)(_parse)


def decode_xtext(text: str) -> str:
    """What xtext (RFC 3461 section 4) spells; octets that are no UTF-8 become U+FFFD."""
    octets = _ENCODED.sub(lambda match: bytes([int(match[1], 16)]), text.encode())
    return octets.decode(errors="replace")


def _mail(argument: str, local_part_bytes: int) -> Mail | Reply:
    if argument[:5].upper() != "FROM:":
        return Reply(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]")
    try:
        sender, rest = reverse_path(argument[5:].lstrip(" "), local_part_bytes)
    except AddressError as error:
        return Reply(501, "5.1.7", f"Bad sender address: {error}")
    if not rest:
        return Mail(sender) if sender.isascii() else NEEDS_UTF8
    parameters = _parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    values: dict[str, object] = {}
    for name, value in parameters.items():
        read = _MAIL_PARAMETERS.get(name)
        if read is None:
            return Reply(555, "5.5.4", f"MAIL parameter {name} not recognized")
        wrong = read(values, value)
        if wrong is not None:
            return Reply(501, "5.5.4", f"MAIL parameter {name}: {wrong}")
    mail = Mail(sender, extended=True, **values)  # type: ignore[arg-type]
    return mail if mail.smtputf8 or sender.isascii() else NEEDS_UTF8


NEEDS_UTF8 = Reply(553, "5.6.7", "A non-ASCII address needs SMTPUTF8")


def _size(values: dict[str, object], value: str | None) -> str | None:
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 20):
        return "a number of octets is needed"
    values["size"] = int(value)
    return None


def _body(values: dict[str, object], value: str | None) -> str | None:
    kind = (value or "").upper()
    if kind not in ("7BIT", "8BITMIME"):
        return "7BIT or 8BITMIME is needed"
    values["eight_bit"] = kind == "8BITMIME"
    return None


def _smtputf8(values: dict[str, object], value: str | None) -> str | None:
    values["smtputf8"] = True
    return None if value is None else "it takes no value"


def _ret(values: dict[str, object], value: str | None) -> str | None:
    values["ret"] = ret = (value or "").upper()
    return None if ret in ("FULL", "HDRS") else "FULL or HDRS is needed"


def _envid(values: dict[str, object], value: str | None) -> str | None:
    values["envid"] = envid = value or ""
    if len(envid) > 100:
        return "it is longer than 100 octets"
    return None if _XTEXT.fullmatch(envid) else "xtext is needed"


def _ignored(_found: dict[str, object], value: str | None) -> str | None:
    return "a value is needed" if value is None else None


_MAIL_PARAMETERS: dict[str, Callable[[dict[str, object], str | None], str | None]] = {
    "SIZE": _size,
    "BODY": _body,
    "SMTPUTF8": _smtputf8,
    "RET": _ret,
    "ENVID": _envid,
    "AUTH": _ignored,
    "XOORG": _ignored,
}


def _rcpt(argument: str, local_part_bytes: int) -> Rcpt | Reply:
    if argument[:3].upper() != "TO:":
        return Reply(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]")
    try:
        recipient, rest = forward_path(argument[3:].lstrip(" "), local_part_bytes)
    except AddressError as error:
        return Reply(501, "5.1.3", f"Bad recipient address: {error}")
    if not rest:
        return Rcpt(recipient)
    parameters = _parameters(rest)
    if isinstance(parameters, Reply):
        return parameters
    notify: tuple[str, ...] = ()
    orcpt = ""
    for name, value in parameters.items():
        if name == "NOTIFY":
            notify = tuple((value or "").upper().split(","))
            if notify != ("NEVER",) and (
                not _NOTIFY.issuperset(notify) or len(set(notify)) != len(notify)
            ):
                return Reply(501, "5.5.4", "RCPT parameter NOTIFY: NEVER or a list is needed")
        elif name == "ORCPT":
            orcpt = value or ""
            if len(orcpt) > 500 or not _ORCPT.fullmatch(orcpt):
                return Reply(501, "5.5.4", "RCPT parameter ORCPT: type;xtext is needed")
        else:
            return Reply(555, "5.5.4", f"RCPT parameter {name} not recognized")
    return Rcpt(recipient, notify, orcpt, extended=True)


def _parameters(rest: str) -> dict[str, str | None] | Reply:
    """rest: what follows the path, its blanks too. Names in upper case."""
    if rest[0] != " ":
        return Reply(501, "5.5.4", "A blank is needed after the address")
    found: dict[str, str | None] = {}
    for word in rest.split(" "):
        if not word:
            continue
        match = _PARAMETER.fullmatch(word)
        if match is None:
            return Reply(501, "5.5.4", "Malformed parameter")
        name = match[1].upper()
        if name in found:
            return _DUPLICATE
        found[name] = match[2]
    return found


def _hello(verb: str, argument: str) -> Hello | Reply:
    if not _HOST.fullmatch(argument):
        return Reply(501, "5.5.4", f"Syntax: {verb} hostname")
    return Hello(argument, verb == "EHLO")


def _auth(_verb: str, argument: str) -> Auth | Reply:
    mechanism, blank, initial = argument.partition(" ")
    if (
        not _MECHANISM.fullmatch(mechanism)
        or not _BASE64.fullmatch(initial)
        or (blank and not initial)
    ):
        return Reply(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]")
    return Auth(mechanism.upper(), initial.encode() if blank else None)


def _bdat(_verb: str, argument: str) -> Bdat | Reply:
    found = _CHUNK.fullmatch(argument)
    return _NO_CHUNK if found is None else Bdat(int(found[1]), found[2] is not None)


def _garbled(line: bytes) -> Reply:
    return _NO_CHUNK if line[:4].upper() == b"BDAT" else _GARBLED


def _bare(verb: str, argument: str) -> Plain | Reply:
    return Reply(501, "5.5.4", f"Syntax: {verb}") if argument else Plain(verb)


def _any(verb: str, _argument: str) -> Plain:
    return Plain(verb)


_VERBS: dict[str, Callable[[str, str], Command | Reply]] = {
    "HELO": _hello,
    "EHLO": _hello,
    "AUTH": _auth,
    "BDAT": _bdat,
    "DATA": _bare,
    "RSET": _bare,
    "QUIT": _bare,
    "STARTTLS": _bare,
    "NOOP": _any,
    "VRFY": _any,
    "HELP": _any,
    **dict.fromkeys(("EXPN", "TURN", "ETRN"), lambda *_: NOT_IMPLEMENTED),
    # A web client led here by a page or a server-side request: its lines are nobody's mail.
    **dict.fromkeys(("GET", "POST", "PUT", "CONNECT", "OPTIONS"), lambda *_: NOT_SMTP),
}
