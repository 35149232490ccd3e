"""Files and messages of any bytes: refused or read, never an accident."""

import json

from hypothesis import given
from hypothesis import strategies as st

from emulators.aws.mailmanager import addresses, archived
from emulators.aws.mailmanager.store import Message

ENTRY = st.text(alphabet="ab*@.-\"' \n", max_size=30)
HEADERS = st.text(alphabet='abT:;="/\r\n <>@.?ü', max_size=60)


@given(st.binary(max_size=300), st.sampled_from(["CSV", "JSON"]))
def test_a_file_is_read_or_refused(content: bytes, kind: str) -> None:
    try:
        entries = addresses.read(content, kind)
    except ValueError:
        return
    assert isinstance(entries, list)


@given(st.lists(st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True)))
def test_what_is_written_is_read(entries: list[str]) -> None:
    as_csv = "\n".join(["address", *entries]).encode()
    as_json = json.dumps({"items": [{"address": entry} for entry in entries]}).encode()
    assert addresses.read(as_csv, "CSV") == addresses.read(as_json, "JSON") == entries
    assert not any(addresses.problem(entry) for entry in entries)


@given(ENTRY)
def test_an_entry_is_judged(entry: str) -> None:
    if not addresses.problem(entry):
        assert entry.count("*") <= 1
        assert entry == entry.strip()
        assert "@" in entry or entry.startswith("*.")
        assert addresses.problem(addresses.fold(entry)) == ""


@given(st.one_of(st.binary(max_size=400), HEADERS.map(str.encode)))
def test_a_message_of_any_bytes_is_shown(content: bytes) -> None:
    message = Message("m-1", "a-1", 1.0, content, {}, {})
    json.dumps(archived.row(message))
    json.dumps(archived.body(message))
    condition = {
        "StringExpression": {
            "Evaluate": {"Attribute": "SUBJECT"},
            "Operator": "CONTAINS",
            "Values": ["a"],
        }
    }
    archived.Query(0, 2, {"Include": [condition]}, 1).select([message])
