"""Entries of an address list, and the files that bring many of them. Pure.

An entry is an address, or holds one `*`: before the @ with 0 or 3 to 19 characters beside it, or
after the @ (or with no @ at all) as the first label of a domain of 2 to 9 more labels. The file is
CSV with the header `address`, or JSON {"items": [{"address": …}, …]}. Source: the Amazon SES
developer guide, "Address Lists". Entries compare without case (ours).
"""

import csv
import io
import json
import re
from typing import Any

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_LOCAL = re.compile(r"[^\s@*\"]{1,64}")
_LABELS_BELOW = range(2, 10)
_BESIDE = (0, *range(3, 20))
_LONGEST = 320


def problem(entry: str) -> str:
    """Why this is no entry of an address list, empty when it is one. It is not quoted."""
    if not 3 <= len(entry) <= _LONGEST:
        return "an address has 3 to 320 characters"
    if entry.count("*") > 1:
        return "an address holds at most one *"
    local, at, domain = entry.rpartition("@")
    if at and "*" not in local and not _LOCAL.fullmatch(local):
        return "the part before the @ is not that of an address"
    if "*" in local:
        beside = local.replace("*", "")
        if len(beside) not in _BESIDE or (beside and not _LOCAL.fullmatch(beside)):
            return "beside a * stand none or 3 to 19 characters before the @"
    if "*" in domain:
        below = domain.removeprefix("*.")
        if not _DOMAIN.fullmatch(below) or len(below.split(".")) not in _LABELS_BELOW:
            return "a * in the domain is its first label, with 2 to 9 labels after it"
    elif not at:
        return "neither an address nor a domain with a * as its first label"
    elif not _DOMAIN.fullmatch(domain):
        return "the part after the @ is not a domain"
    return ""


def fold(entry: str) -> str:
    """What makes two entries the same."""
    return entry.casefold()


def read(content: bytes, kind: str) -> list[Any]:
    """The entries of a file, unjudged: what is no string is no address either.

    kind: CSV or JSON. Raises ValueError when the file as a whole is not of that form.
    """
    text = content.decode("utf-8-sig")  # a UnicodeDecodeError is a ValueError
    return _from_csv(text) if kind == "CSV" else _from_json(text)


def _from_csv(text: str) -> list[Any]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from None
    if not rows or [cell.strip() for cell in rows[0]] != ["address"]:
        raise ValueError("the first line of a CSV file is the header address")
    return [row[0].strip() if len(row) == 1 else None for row in rows[1:]]


def _from_json(text: str) -> list[Any]:
    document = json.loads(text)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ValueError('a JSON file is {"items": [{"address": …}, …]}')
    return [item.get("address") if isinstance(item, dict) else None for item in items]
