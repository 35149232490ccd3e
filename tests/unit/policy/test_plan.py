"""The laws of evaluation and admission, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.policy import assumptions
from gatepost.policy.addresslist import AddressList
from gatepost.policy.admission import admit, compile_traffic_policy
from gatepost.policy.documents import normalize, references, warnings
from gatepost.policy.message import Message
from gatepost.policy.plan import plan, plans, within
from gatepost.policy.rules import compile_rule_set
from gatepost.policy.values import Plan, Session, Verdicts

ROLE = "arn:aws:iam::123456789012:role/r"
RELAY = {"Relay": {"Relay": "r", "MailFrom": "PRESERVE", "ActionFailurePolicy": "DROP"}}
DROP: dict[str, Any] = {"Drop": {}}
BODY = b"From: Ann <ann@Gmail.com>\r\nX-Spam: yes\r\n\r\nhi\r\n"


def string(attribute: str, operator: str, *values: str) -> dict[str, Any]:
    evaluate = {"MimeHeaderAttribute" if attribute[1] == "-" else "Attribute": attribute}
    return {"StringExpression": {"Evaluate": evaluate, "Operator": operator, "Values": [*values]}}


def verdict(attribute: str, value: str) -> dict[str, Any]:
    return {
        "VerdictExpression": {
            "Evaluate": {"Attribute": attribute},
            "Operator": "EQUALS",
            "Values": [value],
        }
    }


def rule(*actions: Any, when: Any = (), unless: Any = ()) -> dict[str, Any]:
    return {"Conditions": [*when], "Unless": [*unless], "Actions": [*actions]}


def replace(*addresses: str) -> dict[str, Any]:
    return {"ReplaceRecipient": {"ReplaceWith": [*addresses]}}


def add(name: str, value: str) -> dict[str, Any]:
    return {"AddHeader": {"HeaderName": name, "HeaderValue": value}}


def rule_set(*rules: Any) -> dict[str, Any]:
    return normalize("RuleSet", {"RuleSetName": "main", "Rules": [*rules]})


def run(*rules: Any, to: str = "a@example.com", **inputs: Any) -> Plan:
    message = Message(BODY, "ann@gmail.com")
    session = inputs.pop("session", Session("192.0.2.1", "mail.example.net"))
    return plan(compile_rule_set(rule_set(*rules)), session, message, to, **inputs)


def seen(made: Plan) -> list[tuple[bool | None, str | None]]:
    return [(each.matched, each.by) for each in made.trace]


def test_a_rule_without_conditions_matches_and_later_rules_go_on() -> None:
    made = run(rule(RELAY), rule(RELAY))
    assert [each.index for each in made.effects] == [0, 1]
    assert made.final == "relay"
    assert made.assumptions == (assumptions.GO_ON,)


def test_every_condition_and_no_unless() -> None:
    yes, no = string("FROM", "CONTAINS", "gmail"), string("FROM", "CONTAINS", "yahoo")
    made = run(
        rule(RELAY, when=[yes]),
        rule(RELAY, when=[yes, no]),
        rule(RELAY, unless=[no, yes]),
        rule(RELAY, when=[yes], unless=[no]),
    )
    assert seen(made) == [(True, None), (False, "condition 1"), (False, "unless 1"), (True, None)]


def test_an_unknown_is_never_false_but_one_certain_condition_decides() -> None:
    spf, no = verdict("SPF", "FAIL"), string("FROM", "CONTAINS", "yahoo")
    made = run(
        rule(DROP, when=[spf]),
        rule(DROP, when=[spf, no]),
        rule(DROP, unless=[spf, string("FROM", "CONTAINS", "gmail")]),
        rule(DROP, unless=[verdict("DKIM", "PASS")]),
    )
    assert seen(made) == [
        (None, "condition 0"),
        (False, "condition 1"),
        (False, "unless 1"),
        (None, "unless 0"),
    ]
    assert made.undecided == ("spf", "dkim")
    assert assumptions.UNKNOWN in made.assumptions
    assert run(rule(DROP, when=[spf]), verdicts=Verdicts(spf="FAIL")).final == "drop"


def test_drop_ends_the_program_and_what_ran_stands() -> None:
    made = run(rule(RELAY, DROP, RELAY), rule(RELAY))
    assert [each.action_index for each in made.effects] == [0]
    assert made.final == "drop"
    assert len(made.trace) == 1
    assert made.assumptions == (assumptions.DROP_ORDER,)


def test_later_conditions_see_added_headers_and_effects_carry_them() -> None:
    made = run(
        rule(RELAY, add("X-Seen", "One"), add("x-seen", "two")),
        rule(RELAY, when=[string("X-SEEN", "EQUALS", "two")]),
    )
    assert [each.headers for each in made.effects] == [(), (("X-Seen", "One"), ("x-seen", "two"))]
    assert assumptions.SEQUENTIAL in made.assumptions


def test_replace_forks_and_each_replacement_goes_on_by_itself() -> None:
    made = run(
        rule(replace("b@example.com", "c@example.com")),
        rule(DROP, when=[string("RECIPIENT", "EQUALS", "b@example.com")]),
        rule(RELAY),
    )
    assert [each.recipient for each in made.effects] == ["c@example.com"]
    assert [each.recipient for each in made.trace][1:] == [
        "b@example.com",
        "c@example.com",
        "c@example.com",
    ]
    assert made.final == "relay"


def test_equal_recipients_are_one_so_that_forks_stay_few() -> None:
    many = [f"u{number}@example.com" for number in range(100)]
    made = run(*[rule(*[replace(*many)] * 10) for _ in range(10)], rule(RELAY))
    assert [each.recipient for each in made.effects] == many


def test_the_plans_of_several_recipients_are_those_of_each() -> None:
    compiled = compile_rule_set(
        rule_set(
            rule(DROP, when=[string("RECIPIENT", "STARTS_WITH", "a@")]),
            rule(DROP, when=[string("FROM", "CONTAINS", "yahoo")]),
            rule(replace("a@example.com", "c@example.com"), when=[string("TO", "NOT_EQUALS", "x")]),
            rule(DROP, when=[string("RECIPIENT", "EQUALS", "A@example.com")]),
            rule(RELAY, unless=[string("FROM", "CONTAINS", "yahoo")]),
        )
    )
    session, message = Session("192.0.2.1"), Message(BODY, "ann@gmail.com")
    both = ["a@example.com", "b@example.com"]
    made = plans(compiled, session, message, both, Verdicts())
    assert [each.final for each in made] == ["drop", "relay"]
    for brief, recipient in zip(made, both, strict=True):
        full = plan(compiled, session, message, recipient)
        assert brief.effects == full.effects
        assert brief.trace == tuple(each for each in full.trace if each.matched)


def test_final_is_the_last_delivering_action() -> None:
    send = {"Send": {"RoleArn": ROLE}}
    sns = {"PublishToSns": {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "RoleArn": ROLE}}
    assert run(rule(RELAY, send, sns)).final == "send"
    assert run(rule(sns)).final == "none"
    assert assumptions.UNROUTED in run(rule(sns)).assumptions
    s3 = {"WriteToS3": {"RoleArn": ROLE, "S3Bucket": "b"}}
    assert run(rule(s3)).final == "write_to_s3"


def test_what_a_relay_leaves_out() -> None:
    made = run(rule({"Relay": {"Relay": "r"}}))
    assert made.effects[0].on_failure == "CONTINUE"
    assert set(made.assumptions) == {assumptions.ON_FAILURE, assumptions.MAIL_FROM}
    assert run(rule(RELAY)).assumptions == ()


def test_case_and_address_are_assumed_only_when_they_decide() -> None:
    assert run(rule(DROP, when=[string("FROM", "CONTAINS", "Gmail")])).assumptions == ()
    made = run(rule(DROP, when=[string("FROM", "CONTAINS", "gmail")]))
    assert made.assumptions == (assumptions.CASE,)
    made = run(rule(DROP, when=[string("FROM", "EQUALS", "ann@Gmail.com")]))
    assert made.assumptions == (assumptions.ADDRESS,)


def test_a_missing_header_matches_no_positive_operator() -> None:
    for operator in ("EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS"):
        assert run(rule(DROP, when=[string("SENDER", operator, "a")])).final == "none"
    assert run(rule(DROP, when=[string("SENDER", "NOT_EQUALS", "a")])).final == "drop"


def test_address_lists() -> None:
    condition = {
        "BooleanExpression": {
            "Evaluate": {"IsInAddressList": {"Attribute": "FROM", "AddressLists": ["al-1"]}},
            "Operator": "IS_TRUE",
        }
    }
    rules = rule(DROP, when=[condition])
    assert compile_rule_set(rule_set(rules)).needs == {"address_list:al-1"}
    assert run(rules).undecided == ("address_list:al-1",)
    lists = {"al-1": AddressList(["*@gmail.com"])}
    assert run(rules, address_lists=lists).final == "drop"


def test_the_client_certificate() -> None:
    condition = {
        "StringExpression": {
            "Evaluate": {"ClientCertificateAttribute": "CN"},
            "Operator": "EQUALS",
            "Values": ["mx.example.com"],
        }
    }
    unknown = Session("192.0.2.1", tls_version="TLS1_3", client_certificate=None)
    known = Session(
        "192.0.2.1", tls_version="TLS1_3", client_certificate={"CN": ("MX.example.com",)}
    )
    rules = rule(DROP, when=[condition])
    assert run(rules, session=unknown).undecided == ("client_certificate",)
    assert run(rules, session=known).final == "drop"
    assert seen(run(rules)) == [(False, "condition 0")]


def policy(*statements: tuple[str, dict[str, Any]], default: str = "DENY", **more: Any) -> Any:
    return compile_traffic_policy(
        normalize(
            "TrafficPolicy",
            {
                "TrafficPolicyName": "edge",
                "DefaultAction": default,
                "PolicyStatements": [
                    {"Action": action, "Conditions": [each]} for action, each in statements
                ],
                **more,
            },
        )
    )


def test_admission_asks_deny_then_allow_then_default() -> None:
    session = Session("192.0.2.1")
    judged = policy(
        ("ALLOW", string("RECIPIENT", "ENDS_WITH", "@example.com")),
        ("DENY", string("RECIPIENT", "STARTS_WITH", "root")),
    )
    for recipient, expected in {
        "a@example.com": (True, "statement 0"),
        "root@example.com": (False, "statement 1"),
        "a@example.org": (False, "default"),
    }.items():
        made = admit(judged, session, recipient)
        assert (made.admitted, made.by) == expected


def flag(field: str) -> dict[str, Any]:
    analysis = {"Analyzer": "arn:a", "ResultField": field}
    return {"BooleanExpression": {"Evaluate": {"Analysis": analysis}, "Operator": "IS_TRUE"}}


def test_an_unknown_statement_leaves_open_only_what_it_could_change() -> None:
    session = Session("192.0.2.1")
    everybody = string("RECIPIENT", "CONTAINS", "@")
    made = admit(policy(("DENY", flag("x")), ("ALLOW", everybody)), session, "a@example.com")
    assert (made.admitted, made.by, made.undecided) == (None, "statement 0", ("analysis:arn:a:x",))
    made = admit(policy(("DENY", flag("x")), ("DENY", everybody)), session, "a@example.com")
    assert (made.admitted, made.by) == (False, "statement 1")
    made = admit(policy(("DENY", flag("x"))), session, "a@example.com")
    assert (made.admitted, made.by) == (False, "default")
    verdicts = Verdicts(analysis={("arn:a", "x"): "true"})
    made = admit(policy(("ALLOW", flag("x"))), session, "a@example.com", verdicts=verdicts)
    assert (made.admitted, made.by) == (True, "statement 0")


def test_admission_before_the_traffic_policy() -> None:
    plain, tls = Session("192.0.2.1"), Session("192.0.2.1", tls_version="TLS1_2")
    domains = frozenset({"example.com"})
    assert admit(None, plain, "a@b.example", tls_policy="REQUIRED").by == "tls_policy"
    assert admit(None, tls, "a@b.example", tls_policy="FIPS").admitted
    refused = admit(None, plain, "a@badexample.com", verified_domains=domains)
    assert (refused.admitted, refused.by) == (False, "verified_domains")
    below = admit(None, plain, "a@mail.Example.com", verified_domains=domains)
    assert (below.admitted, below.assumptions) == (True, (assumptions.SUBDOMAIN,))


def test_size() -> None:
    assert policy(MaxMessageSizeBytes=10).admit_size(10).admitted
    assert policy(MaxMessageSizeBytes=10).admit_size(11).admitted is False
    assert policy().admit_size(40 * 1024 * 1024).admitted
    assert policy(MaxMessageSizeBytes=10**9).admit_size(40 * 1024 * 1024 + 1).admitted is False


@pytest.mark.parametrize(
    ("version", "operator", "expected"),
    [
        (None, "MINIMUM_TLS_VERSION", False),
        ("TLS1_2", "MINIMUM_TLS_VERSION", False),
        ("TLS1_3", "MINIMUM_TLS_VERSION", True),
        ("TLS1_2", "IS", False),
        ("TLS1_3", "IS", True),
    ],
)
def test_tls_of_a_traffic_policy(version: str | None, operator: str, expected: bool) -> None:
    condition = {
        "TlsExpression": {
            "Evaluate": {"Attribute": "TLS_PROTOCOL"},
            "Operator": operator,
            "Value": "TLS1_3",
        }
    }
    made = admit(policy(("ALLOW", condition)), Session("::1", tls_version=version), "a@b.example")
    assert made.admitted is expected


@pytest.mark.parametrize(
    ("kind", "network", "address", "inside"),
    [
        ("IpExpression", "192.0.2.0/24", "192.0.2.255", True),
        ("IpExpression", "192.0.2.0/24", "192.0.3.0", False),
        ("IpExpression", "0.0.0.0/0", "2001:db8::1", False),
        ("Ipv6Expression", "2001:db8::/32", "2001:db8:1::", True),
        ("Ipv6Expression", "::/0", "192.0.2.1", False),
    ],
)
def test_networks(kind: str, network: str, address: str, inside: bool) -> None:
    attribute = "SENDER_IP" if kind == "IpExpression" else "SENDER_IPV6"
    for operator, expected in (("CIDR_MATCHES", inside), ("NOT_CIDR_MATCHES", not inside)):
        condition = {
            kind: {
                "Evaluate": {"Attribute": attribute},
                "Operator": operator,
                "Values": ["198.51.100.0/24" if kind == "IpExpression" else "fe80::/10", network],
            }
        }
        assert admit(policy(("ALLOW", condition)), Session(address), "a@b").admitted is expected


def test_verified_domains_on_the_plan() -> None:
    domains = frozenset({"example.com"})
    mixed = run(rule(replace("a@example.com", "b@evil.example")), rule(RELAY))
    (judged,), kept = within([mixed], domains)
    assert [each.action for each in judged.effects] == ["Relay", "Bounce"]
    assert kept
    only = run(rule(replace("b@evil.example"), RELAY))
    (judged,), kept = within([only], domains)
    assert (judged.final, kept) == ("bounce", False)
    assert within([run(rule(DROP))], domains)[1]


def test_warnings() -> None:
    gmail = string("FROM", "CONTAINS", "gmail.com")
    complete = rule_set(rule(RELAY, when=[gmail]), rule(RELAY, unless=[gmail]))
    assert list(warnings(complete)) == []
    assert list(warnings(rule_set(rule(RELAY)))) == []
    assert [path for path, _ in warnings(rule_set(rule(RELAY, when=[gmail])))] == ["Rules"]
    replaced = rule(replace("x@y.z"))
    unchanged = rule_set(rule(RELAY, when=[gmail]), replaced, rule(RELAY, unless=[gmail]))
    assert list(warnings(unchanged)) == []
    ann = string("RECIPIENT", "STARTS_WITH", "ann@")
    changed = rule_set(rule(RELAY, when=[ann]), replaced, rule(RELAY, unless=[ann]))
    assert [path for path, _ in warnings(changed)] == ["Rules"]
    assert [path for path, _ in warnings(rule_set(rule(DROP), rule(RELAY)))] == ["Rules[1]"]


def test_references() -> None:
    found = list(references(rule_set(rule(RELAY, when=[flag("x")]))))
    assert [(each.path, each.what, each.spelling) for each in found] == [
        (
            "Rules[0].Conditions[0].BooleanExpression.Evaluate.Analysis.Analyzer",
            "analyzer",
            "arn:a",
        ),
        ("Rules[0].Actions[0].Relay.Relay", "relay", "r"),
    ]
