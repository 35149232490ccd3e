"""Hostile documents: whatever stands in a file, normalizing it raises a DocumentError or nothing,
and what it lets through compiles and plans."""

from __future__ import annotations

import contextlib
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.policy.admission import admit, compile_traffic_policy
from gatepost.policy.documents import DocumentError, normalize, references, warnings
from gatepost.policy.message import Message
from gatepost.policy.plan import plan
from gatepost.policy.rules import compile_rule_set
from gatepost.policy.schema import SHAPES
from gatepost.policy.shapes import snake
from gatepost.policy.values import Session
from tests import budget

EXAMPLES = budget.of(300, 10_000)
KINDS = ("Relay", "RuleSet", "TrafficPolicy", "IngressPoint")
MEMBERS = sorted({name for shape in SHAPES.values() for name in shape.get("members", ())})  # type: ignore[attr-defined]
WORDS = sorted({word for shape in SHAPES.values() for word in shape.get("enum", ())})  # type: ignore[attr-defined]
LETTERS = string.ascii_letters + string.digits + "@.-_:/*\n\x00é"

names = st.sampled_from(MEMBERS) | st.sampled_from([snake(name) for name in MEMBERS])
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(5000).map(lambda digits: 10**digits)
    | st.floats()
    | st.binary(max_size=3)
    | st.sampled_from(WORDS)
    | st.text(LETTERS, max_size=30)
    | st.text(max_size=5)
)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names | st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


def of_shape(name: str) -> st.SearchStrategy[Any]:
    """Values that mostly obey a shape."""
    shape: Any = SHAPES[name]
    match shape["type"]:
        case "structure":
            members = {key: of_shape(each) for key, each in shape["members"].items()}
            if shape.get("union"):
                made = st.one_of(
                    *(st.fixed_dictionaries({key: each}) for key, each in members.items())
                )
            else:
                required = {key: members.pop(key) for key in shape.get("required", ())}
                made = st.fixed_dictionaries(required, optional=members)
            spelled = made.map(lambda each: {snake(key): value for key, value in each.items()})
            return made | spelled
        case "list":
            return st.lists(of_shape(shape["member"]), min_size=shape.get("min", 0), max_size=3)
        case "string":
            if "enum" in shape:
                return st.sampled_from(shape["enum"])
            if shape.get("format") == "cidr":
                return st.sampled_from(["192.0.2.0/24", "2001:db8::/32", "10.1.2.3/8"])
            if "pattern" in shape:
                return st.from_regex(shape["pattern"], fullmatch=True).map(
                    lambda text: text[: shape.get("max")]
                )
            return st.text(LETTERS, min_size=shape.get("min", 0), max_size=20)
        case "integer":
            return st.integers(shape.get("min", 0), min(shape.get("max", 10**9), 10**9))
        case _:
            return st.floats(allow_nan=False, allow_infinity=False)


@given(st.sampled_from(KINDS), anything)
@settings(max_examples=EXAMPLES, deadline=None)
def test_only_document_errors_escape(kind: str, value: object) -> None:
    with contextlib.suppress(DocumentError):
        normalize(kind, value)


@given(of_shape("RuleSet"))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_a_rule_set_may_be_is_planned(value: Any) -> None:
    try:
        document = normalize("RuleSet", value)
    except DocumentError:
        return
    assert normalize("RuleSet", document) == document
    list(warnings(document))
    list(references(document))
    made = plan(
        compile_rule_set(document),
        Session("192.0.2.1", "h"),
        Message(b"From: a@example.com\r\n\r\n", "a@example.com"),
        "b@example.com",
    )
    assert len(made.trace) >= min(1, len(document["Rules"]))


@given(of_shape("TrafficPolicy"))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_a_traffic_policy_may_be_admits_or_not(value: Any) -> None:
    try:
        document = normalize("TrafficPolicy", value)
    except DocumentError:
        return
    made = admit(compile_traffic_policy(document), Session("192.0.2.1", "h"), "b@example.com")
    assert (made.admitted is None) == bool(made.undecided)
