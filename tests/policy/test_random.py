"""The engine against the reference on random documents, sessions, messages and verdicts.

Promises: the vocabulary is small, so that rules match often; 5,000 pairs of a rule set and
a message, and of a traffic policy and a recipient (100,000 in a full run), the same on every run;
GATEPOST_SEEDED=0 takes new ones.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.policy.message import Message
from gatepost.policy.values import Session, Verdicts
from tests import budget
from tests.policy import comparing

COMPARED = settings(
    max_examples=budget.of(5_000, 100_000),
    derandomize=os.environ.get("GATEPOST_SEEDED", "1") != "0",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ROLE = "arn:aws:iam::123456789012:role/r"
ADDRESSES = ("a@example.com", "B@Example.com", "a+tag@example.com", "c@mail.example.org")
WORDS = ("a", "A@EXAMPLE.COM", "b@example.com", "example", ".org", "urgent", "+tag", "Straße", "x")
ANALYZER = "arn:aws:ses:eu-west-1:123456789012:addon-instance/ai-1"
LISTS = ("al-1", "al-2")
ENTRIES = ("*@example.com", "a@*.com", "*.example.org", "c@mail.example.org", "a+*@example.com")
NETWORKS = ("192.0.2.0/24", "192.0.2.1/32", "198.51.100.0/25", "0.0.0.0/0")
NETWORKS6 = ("2001:db8::/32", "2001:db8::1/128", "fe80::/10", "::/0")
STRING_OPERATORS = ("EQUALS", "NOT_EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS")
NUMBER_OPERATORS = (
    *("EQUALS", "NOT_EQUALS", "LESS_THAN", "GREATER_THAN"),
    *("LESS_THAN_OR_EQUAL", "GREATER_THAN_OR_EQUAL"),
)
HEADERS = ("X-Spam", "x-route", "Subject")
VERDICTS = ("PASS", "FAIL", "GRAY", "PROCESSING_FAILED")
DMARC = ("NONE", "QUARANTINE", "REJECT")

one = st.sampled_from


def some(values: Any, most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(one(values), min_size=1, max_size=most, unique=True)


def expression(kind: str, evaluate: Any, operators: Any, values: Any) -> st.SearchStrategy[Any]:
    members = {"Evaluate": evaluate, "Operator": one(operators), "Values": values}
    return st.fixed_dictionaries({kind: st.fixed_dictionaries(members)})


def attribute(*names: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"Attribute": one(names)})


analyses = st.fixed_dictionaries(
    {
        "Analysis": st.fixed_dictionaries(
            {"Analyzer": st.just(ANALYZER), "ResultField": one(("isSpam", "score"))}
        )
    }
)


def listing(*attributes: str) -> st.SearchStrategy[Any]:
    members = {"Attribute": one(attributes), "AddressLists": some(LISTS, 1)}
    return st.fixed_dictionaries({"IsInAddressList": st.fixed_dictionaries(members)})


def booleans(evaluate: Any) -> st.SearchStrategy[Any]:
    members = {"Evaluate": evaluate, "Operator": one(("IS_TRUE", "IS_FALSE"))}
    return st.fixed_dictionaries({"BooleanExpression": st.fixed_dictionaries(members)})


rule_conditions = st.one_of(
    expression(
        "StringExpression",
        st.one_of(
            attribute("MAIL_FROM", "HELO", "RECIPIENT", "SENDER", "FROM", "SUBJECT", "TO", "CC"),
            attribute("RECIPIENT"),
            st.fixed_dictionaries({"MimeHeaderAttribute": one(("X-SPAM", "X-Route"))}),
            st.fixed_dictionaries({"ClientCertificateAttribute": one(("CN", "SAN_DNS_NAME"))}),
            analyses,
        ),
        STRING_OPERATORS,
        some(WORDS),
    ),
    booleans(
        st.one_of(
            attribute("READ_RECEIPT_REQUESTED", "TLS", "TLS_WRAPPED"),
            listing("RECIPIENT", "MAIL_FROM", "SENDER", "FROM", "TO", "CC"),
            analyses,
        )
    ),
    st.builds(
        lambda operator, value: {
            "NumberExpression": {
                "Evaluate": {"Attribute": "MESSAGE_SIZE"},
                "Operator": operator,
                "Value": value,
            }
        },
        one(NUMBER_OPERATORS),
        one((0, 60, 100, 200.5)),
    ),
    expression(
        "IpExpression",
        attribute("SOURCE_IP"),
        ("CIDR_MATCHES", "NOT_CIDR_MATCHES"),
        some((*NETWORKS, *NETWORKS6)),
    ),
    expression(
        "VerdictExpression",
        st.one_of(attribute("SPF", "DKIM"), analyses),
        ("EQUALS", "NOT_EQUALS"),
        some(VERDICTS),
    ),
    st.builds(
        lambda operator, values: {"DmarcExpression": {"Operator": operator, "Values": values}},
        one(("EQUALS", "NOT_EQUALS")),
        some(DMARC),
    ),
)

policy_conditions = st.one_of(
    expression(
        "StringExpression",
        st.one_of(attribute("RECIPIENT"), analyses),
        STRING_OPERATORS,
        some(WORDS),
    ),
    expression(
        "IpExpression",
        attribute("SENDER_IP"),
        ("CIDR_MATCHES", "NOT_CIDR_MATCHES"),
        some(NETWORKS),
    ),
    expression(
        "Ipv6Expression",
        attribute("SENDER_IPV6"),
        ("CIDR_MATCHES", "NOT_CIDR_MATCHES"),
        some(NETWORKS6),
    ),
    st.builds(
        lambda operator, value: {
            "TlsExpression": {
                "Evaluate": {"Attribute": "TLS_PROTOCOL"},
                "Operator": operator,
                "Value": value,
            }
        },
        one(("MINIMUM_TLS_VERSION", "IS")),
        one(("TLS1_2", "TLS1_3")),
    ),
    booleans(st.one_of(listing("RECIPIENT"), analyses)),
)

TOPIC = "arn:aws:sns:eu-west-1:123456789012:t"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
BOUNCE = {
    "RoleArn": ROLE,
    "Sender": "postmaster@example.com",
    "StatusCode": "5.7.1",
    "SmtpReplyCode": "550",
    "DiagnosticMessage": "no",
}
FIXED: tuple[dict[str, Any], ...] = (
    {"Drop": {}},
    {"Relay": {"Relay": "r-1"}},
    {"Relay": {"Relay": "r-2", "MailFrom": "REPLACE", "ActionFailurePolicy": "DROP"}},
    {"Send": {"RoleArn": ROLE}},
    {"Archive": {"TargetArchive": "a-1"}},
    {"WriteToS3": {"RoleArn": ROLE, "S3Bucket": "bucket"}},
    {"DeliverToMailbox": {"MailboxArn": "mailbox", "RoleArn": ROLE}},
    {"PublishToSns": {"TopicArn": TOPIC, "RoleArn": ROLE}},
    {"InvokeLambda": {"FunctionArn": FUNCTION, "InvocationType": "EVENT", "RoleArn": ROLE}},
    {"Bounce": BOUNCE},
    {"ReplaceRecipient": {}},
)

actions = st.one_of(
    one(FIXED),
    st.builds(
        lambda name, value: {"AddHeader": {"HeaderName": name, "HeaderValue": value}},
        one(("X-Spam", "X-Route", "x-route")),
        one(("urgent", "example", "x")),
    ),
    st.builds(lambda with_: {"ReplaceRecipient": {"ReplaceWith": with_}}, some(ADDRESSES)),
)

rule_sets = st.builds(
    lambda rules: {"RuleSetName": "main", "Rules": rules},
    st.lists(
        st.fixed_dictionaries(
            {"Actions": st.lists(actions, min_size=1, max_size=4)},
            optional={
                "Name": one(("one", "two")),
                "Conditions": st.lists(rule_conditions, max_size=3),
                "Unless": st.lists(rule_conditions, max_size=2),
            },
        ),
        max_size=6,
    ),
)

traffic_policies = st.builds(
    lambda statements, default: {
        "TrafficPolicyName": "edge",
        "PolicyStatements": statements,
        "DefaultAction": default,
    },
    st.lists(
        st.fixed_dictionaries(
            {
                "Action": one(("ALLOW", "DENY")),
                "Conditions": st.lists(policy_conditions, min_size=1, max_size=3),
            }
        ),
        max_size=5,
    ),
    one(("ALLOW", "DENY")),
)

sessions = st.builds(
    Session,
    source_ip=one(("192.0.2.1", "192.0.2.200", "198.51.100.200", "2001:db8::1", "fe80::2")),
    helo=one(("mail.example.org", "x", "")),
    tls_version=one((None, "TLS1_2", "TLS1_3")),
    client_certificate=one(
        (None, {}, {"CN": ("X",)}, {"CN": ("a",), "SAN_DNS_NAME": ("x.example.org", "b")})
    ),
)

verdicts = st.builds(
    Verdicts,
    spf=one((None, *VERDICTS)),
    dkim=one((None, *VERDICTS)),
    dmarc=one((None, *DMARC)),
    analysis=st.dictionaries(
        one(((ANALYZER, "isSpam"), (ANALYZER, "score"))),
        one((True, False, "true", "FALSE", "pass", "FAIL", "PROCESSING_FAILED", "x", 1.5)),
    ),
)

FIELDS = (
    b"From: Ann <A@example.com>",
    b"From: =?utf-8?q?b=40example=2Ecom?= <c@mail.example.org>",
    b"Sender: b@example.com (a@example.com)",
    b"To: a@example.com, Team: B@Example.com, c@mail.example.org;",
    b"Cc: undisclosed-recipients:;",
    b"Cc: a+tag@example.com,\r\n X <x@mail.example.org>",
    b"Subject: urgent",
    b"Subject: =?utf-8?b?U3RyYcOfZQ==?= X",
    b"subject: =?utf-8?q?STRASSE?=\r\n =?utf-8?q?urgent?=",
    b"X-Spam: urgent",
    b"X-ROUTE: x",
    b"x-route:",
    b"Disposition-Notification-To: a@example.com",
    b"not a field",
)

messages = st.builds(
    lambda fields, body, mail_from: Message(
        b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body, mail_from
    ),
    st.lists(one(FIELDS), max_size=7),
    one((b"", b"hi\r\n", b"..stuffed\r\nX-Spam: urgent\r\n", b"x" * 100 + b"\r\n")),
    one(("", "a@example.com", "B@EXAMPLE.COM", "c@mail.example.org")),
)

address_lists = st.dictionaries(one(LISTS), st.lists(one(ENTRIES), max_size=3))


@COMPARED
@given(rule_sets, sessions, messages, one(ADDRESSES), verdicts, address_lists)
def test_plans_agree(
    rule_set: Any,
    session: Session,
    message: Message,
    recipient: str,
    found: Verdicts,
    lists: dict[str, list[str]],
) -> None:
    made, expected = comparing.plans(rule_set, session, message, recipient, found, lists)
    assert made == expected


@COMPARED
@given(
    st.one_of(st.none(), traffic_policies, traffic_policies, traffic_policies),
    sessions,
    one(ADDRESSES),
    verdicts,
    address_lists,
    one(("OPTIONAL", "OPTIONAL", "REQUIRED", "FIPS")),
    one((None, None, frozenset({"example.com"}), frozenset({"example.org"}))),
)
def test_admissions_agree(
    policy: Any,
    session: Session,
    recipient: str,
    found: Verdicts,
    lists: dict[str, list[str]],
    tls_policy: str,
    domains: frozenset[str] | None,
) -> None:
    made, expected = comparing.admissions(
        policy, session, recipient, found, lists, tls_policy, domains
    )
    assert made == expected
