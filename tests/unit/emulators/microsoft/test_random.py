"""Random input: whatever comes is answered in the service's own forms, and canonical forms hold."""

import contextlib
import json
from ipaddress import IPv4Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.clock import Clock
from emulators.exchange_online import addresses, catalog, parameters, wire
from emulators.exchange_online.errors import CmdletError
from emulators.exchange_online.organization import Organization
from emulators.graph import query
from emulators.graph.errors import GraphError
from emulators.login import assertions
from emulators.login.directory import Application
from emulators.login.errors import AadError
from emulators.maildrop import Maildrop

IPS = st.integers(2**24, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
TEXT = st.text(max_size=20) | IPS | st.sampled_from(["*", "acme.com", "Default", "On", "smtp:*;1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@odata.type", "Add", "Remove", "x"]),
            inner | st.just(parameters.HASH_TABLE),
            max_size=3,
        )
    ),
    max_leaves=6,
)
NAMES = sorted({name for one in catalog.CMDLETS.values() for name in one.parameters})


@settings(deadline=None)
@given(
    st.sampled_from(sorted(catalog.CMDLETS)),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
)
def test_a_cmdlet_ends_in_objects_or_in_its_own_error(cmdlet, found):
    organization = Organization(Clock(), Maildrop())
    one = catalog.CMDLETS[cmdlet]
    try:
        arguments = parameters.bind(one.parameters, one.mandatory, found)
        result = one.run(organization, arguments)
    except CmdletError as error:
        json.dumps(error.body())
        return
    json.dumps(wire.answer("https://x", result.objects or [], result.warnings, ""))


@settings(deadline=None)
@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_a_body_is_an_invocation_or_a_bad_request(body):
    with contextlib.suppress(wire.BadRequest):
        wire.parse("application/json", body)


def test_deep_nesting_is_a_bad_request():
    with pytest.raises(wire.BadRequest, match="not JSON"):
        wire.parse("application/json", b"[" * 100_000)


@settings(deadline=None)
@given(IPS, st.integers(24, 32), IPS)
def test_a_range_covers_what_its_network_holds(address, prefix, other):
    stored = addresses.address_or_range(f"{address}/{prefix}")
    assert addresses.address_or_range(stored) == stored
    network = ip_network(f"{address}/{prefix}", strict=False)
    near = str(IPv4Address(min(int(IPv4Address(address)) ^ 3, 2**32 - 1)))
    for one in (other, near, address):
        assert addresses.covers(stored, one) == (IPv4Address(one) in network)


@settings(deadline=None)
@given(IPS, IPS, IPS)
def test_two_addresses_are_a_range(first, last, other):
    low, high = sorted((IPv4Address(first), IPv4Address(last)))
    stored = addresses.address_or_range(f"{low}-{high}")
    assert addresses.covers(stored, other) == (low <= IPv4Address(other) <= high)
    if low != high:
        with pytest.raises(ValueError, match="ends before it begins"):
            addresses.address_or_range(f"{high}-{low}")


@settings(deadline=None)
@given(TEXT)
def test_a_sender_domain_has_one_form(text):
    try:
        stored = addresses.sender_domain(text)
    except ValueError:
        return
    assert addresses.sender_domain(stored) == stored
    assert addresses.matches_domain(stored, "acme.com") in (None, 0, len("acme.com") + 1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["$filter", "$top", "$select", "$x"]), TEXT), max_size=3))
def test_a_query_is_read_or_refused(options):
    with contextlib.suppress(GraphError):
        assert query.read(options).top > 0


@settings(deadline=None)
@given(st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")) | TEXT)
def test_an_assertion_is_refused_in_words(text):
    application = Application("id", "object")
    with pytest.raises(AadError):
        assertions.judge(text, application, {"aud"}, 0.0)
