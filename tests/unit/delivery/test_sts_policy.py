"""Records and policies of MTA-STS: what they say, and what is none (sts.yaml)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given

from gatepost.delivery.sts_cache import Fetched, Kept
from gatepost.delivery.sts_policy import Policy, PolicyError, parse, record_id

CASES: dict[str, Any] = yaml.load(
    Path(__file__).with_name("sts.yaml").read_text("utf-8"), yaml.BaseLoader
)


@pytest.mark.parametrize("case", CASES["records"], ids=lambda case: str(case["texts"]))
def test_a_record(case: dict[str, Any]) -> None:
    assert record_id(case["texts"]) == (None if case["id"] == "null" else case["id"])


@pytest.mark.parametrize("case", CASES["policies"], ids=lambda case: case["text"][:40])
def test_a_policy(case: dict[str, Any]) -> None:
    content = case["text"].encode()
    if "error" in case:
        with pytest.raises(PolicyError, match=case["error"]):
            parse(content)
        return
    mode, age, mx = case["is"]
    assert parse(content) == Policy(mode, int(age), tuple(mx))


@pytest.mark.parametrize("case", CASES["names"], ids=lambda case: case["pattern"])
def test_which_exchangers_are_named(case: dict[str, Any]) -> None:
    policy = Policy("enforce", 1, (case["pattern"],))
    assert all(policy.names(host) for host in case["yes"])
    assert not any(policy.names(host) for host in case["no"])


def test_what_no_text_can_say() -> None:
    with pytest.raises(PolicyError, match="not UTF-8"):
        parse(b"version: STSv1\xff")
    with pytest.raises(PolicyError, match="more than 65536 octets"):
        parse(b"x: y\n" * 20000)


@given(st.one_of(st.binary(max_size=200), st.text(":\n vmaxSTS1*.0", max_size=80).map(str.encode)))
def test_whatever_a_host_says(content: bytes) -> None:
    with contextlib.suppress(PolicyError):
        assert parse(content).mode in ("enforce", "testing", "none")


FOUND = Fetched("id1", 1000.0, Policy("enforce", 600, ("mx.example", "*.example")))


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "sts")
    assert kept.read("x.example") is None
    kept.write("x.example", FOUND)
    assert kept.read("x.example") == FOUND
    assert [file.name for file in (tmp_path / "sts").iterdir()] == ["x.example.sts"]
    assert (FOUND.is_good(1599.0), FOUND.is_good(1600.0)) == (True, False)
    assert (FOUND.is_due(1299.0), FOUND.is_due(1300.0)) == (False, True)


@pytest.mark.parametrize("domain", ["../x", "x/y", "", ".", "..", "X.example", "a" * 300, "x\0y"])
def test_no_domain_leads_out_of_the_directory(tmp_path: Path, domain: str) -> None:
    kept = Kept(tmp_path / "sts")
    kept.write(domain, FOUND)
    assert kept.read(domain) is None
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=60))
def test_damage_is_as_if_nothing_had_been_kept(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("sts")
    for damaged in (content, b'{"policy": ' + content + b"}", b'{"id": 1, "policy": {"mx": 1}}'):
        (directory / "x.example.sts").write_bytes(damaged)
        assert Kept(directory).read("x.example") is None
