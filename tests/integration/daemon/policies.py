"""Random policies, senders and messages in a vocabulary so small that rules match often; of what
this daemon runs."""

from __future__ import annotations

from random import Random
from typing import Any

RELAYS = ("one", "two", "three")
ADDRESSES = ("a@example.com", "B@Example.com", "a+tag@example.com", "c@sub.example.com")
ELSEWHERE = ("x@elsewhere.net", "y@other.org")
SENDERS = ("a@example.com", "s@gmail.com", "")
SOURCES = ("192.0.2.1", "198.51.100.7", "2001:db8::1")
WORDS = ("a", "A@EXAMPLE.COM", "gmail", "example", ".com", "urgent", "+tag", "mail.", "x")
STRING_OPERATORS = ("EQUALS", "NOT_EQUALS", "STARTS_WITH", "ENDS_WITH", "CONTAINS")
NUMBER_OPERATORS = ("LESS_THAN", "GREATER_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN_OR_EQUAL")
ATTRIBUTES = ("MAIL_FROM", "HELO", "RECIPIENT", "SENDER", "FROM", "SUBJECT", "TO", "CC")
NETWORKS = ("192.0.2.0/24", "198.51.100.0/25", "0.0.0.0/0", "2001:db8::/32", "::/0")
ADDRESS_LIST = "arn:aws:ses:eu-west-1:123456789012:mailmanager-address-list/al-1"
ENTRIES = ("a@example.com", "*@gmail.com", "*.example.com", "a+*@example.com")
ROLE = "arn:aws:iam::123456789012:role/r"


class Policies:
    def __init__(self, random: Random) -> None:
        self._random = random

    def rule_set(self, name: str) -> dict[str, Any]:
        random = self._random
        return {
            "RuleSetName": name,
            "Rules": [self._rule(number) for number in range(random.randint(0, 6))],
        }

    def _rule(self, number: int) -> dict[str, Any]:
        random = self._random
        rule: dict[str, Any] = {"Name": f"rule-{number}"}
        for kind, odds in (("Conditions", 0.7), ("Unless", 0.3)):
            if random.random() < odds:
                rule[kind] = [self._condition() for _ in range(random.randint(1, 2))]
        rule["Actions"] = [self._action() for _ in range(random.choice((1, 1, 1, 2, 3)))]
        return rule

    def _condition(self) -> dict[str, Any]:
        random = self._random
        kinds = ("string", "string", "string", "header", "number", "ip", "flag", "listed")
        match random.choice(kinds):
            case "listed":
                return self._listed(random.choice(("RECIPIENT", "MAIL_FROM", "FROM", "TO")))
            case "string":
                what = {"Attribute": random.choice(ATTRIBUTES)}
                return self._string(what)
            case "header":
                return self._string({"MimeHeaderAttribute": random.choice(("X-SPAM", "X-Route"))})
            case "number":
                return {
                    "NumberExpression": {
                        "Evaluate": {"Attribute": "MESSAGE_SIZE"},
                        "Operator": random.choice(NUMBER_OPERATORS),
                        "Value": random.choice((0, 150, 200, 250)),
                    }
                }
            case "ip":
                return {
                    "IpExpression": {
                        "Evaluate": {"Attribute": "SOURCE_IP"},
                        "Operator": random.choice(("CIDR_MATCHES", "NOT_CIDR_MATCHES")),
                        "Values": random.sample(NETWORKS, random.randint(1, 2)),
                    }
                }
            case _:
                return {
                    "BooleanExpression": {
                        "Evaluate": {"Attribute": random.choice(("TLS", "READ_RECEIPT_REQUESTED"))},
                        "Operator": random.choice(("IS_TRUE", "IS_FALSE")),
                    }
                }

    def _listed(self, attribute: str) -> dict[str, Any]:
        evaluate = {"IsInAddressList": {"Attribute": attribute, "AddressLists": [ADDRESS_LIST]}}
        operator = self._random.choice(("IS_TRUE", "IS_FALSE"))
        return {"BooleanExpression": {"Evaluate": evaluate, "Operator": operator}}

    def _string(self, what: dict[str, str]) -> dict[str, Any]:
        random = self._random
        return {
            "StringExpression": {
                "Evaluate": what,
                "Operator": random.choice(STRING_OPERATORS),
                "Values": random.sample(WORDS, random.randint(1, 3)),
            }
        }

    def _action(self) -> dict[str, Any]:
        random = self._random
        match random.choices(
            ("Relay", "Send", "Drop", "AddHeader", "ReplaceRecipient", "Bounce"),
            (8, 2, 2, 4, 2, 2),
        )[0]:
            case "Relay":
                return {"Relay": {"Relay": random.choice(RELAYS), "MailFrom": "PRESERVE"}}
            case "Send":
                return {"Send": {"RoleArn": ROLE}}
            case "Drop":
                return {"Drop": {}}
            case "AddHeader":
                header = random.choice(("X-Spam", "X-Route"))
                return {"AddHeader": {"HeaderName": header, "HeaderValue": random.choice(WORDS)}}
            case "ReplaceRecipient":
                known = (*ADDRESSES, *ELSEWHERE)
                return {
                    "ReplaceRecipient": {"ReplaceWith": random.sample(known, random.randint(1, 2))}
                }
            case _:
                return {
                    "Bounce": {
                        "RoleArn": ROLE,
                        "Sender": "postmaster@example.com",
                        "StatusCode": "5.7.1",
                        "SmtpReplyCode": "550",
                        "DiagnosticMessage": "not here",
                    }
                }

    def traffic_policy(self, name: str) -> dict[str, Any]:
        random = self._random
        policy: dict[str, Any] = {
            "TrafficPolicyName": name,
            "DefaultAction": random.choice(("ALLOW", "ALLOW", "DENY")),
            "PolicyStatements": [self._statement() for _ in range(random.randint(0, 3))],
        }
        if random.random() < 0.2:
            policy["MaxMessageSizeBytes"] = random.choice((180, 220, 1000))
        return policy

    def _statement(self) -> dict[str, Any]:
        random = self._random
        return {
            "Action": random.choice(("ALLOW", "DENY")),
            "Conditions": [self._admission() for _ in range(random.randint(1, 2))],
        }

    def _admission(self) -> dict[str, Any]:
        random = self._random
        match random.choice(("string", "ip", "ip6", "tls", "listed")):
            case "string":
                return self._string({"Attribute": "RECIPIENT"})
            case "listed":
                return self._listed("RECIPIENT")
            case "ip":
                values = [each for each in NETWORKS if ":" not in each]
                return self._network("IpExpression", "SENDER_IP", random.choice(values))
            case "ip6":
                values = [each for each in NETWORKS if ":" in each]
                return self._network("Ipv6Expression", "SENDER_IPV6", random.choice(values))
            case _:
                return {
                    "TlsExpression": {
                        "Evaluate": {"Attribute": "TLS_PROTOCOL"},
                        "Operator": random.choice(("MINIMUM_TLS_VERSION", "IS")),
                        "Value": random.choice(("TLS1_2", "TLS1_3")),
                    }
                }

    def _network(self, kind: str, attribute: str, network: str) -> dict[str, Any]:
        return {
            kind: {
                "Evaluate": {"Attribute": attribute},
                "Operator": self._random.choice(("CIDR_MATCHES", "NOT_CIDR_MATCHES")),
                "Values": [network],
            }
        }

    def recipients(self) -> list[str]:
        known = (*ADDRESSES, *ADDRESSES, *ELSEWHERE)
        return list(dict.fromkeys(self._random.choices(known, k=self._random.randint(1, 3))))

    def message(self, number: int) -> bytes:
        """X-Number tells it apart from the others."""
        random = self._random
        lines = [
            f"From: {random.choice(('Ann <a@example.com>', 's@gmail.com, b@example.com', 'x'))}",
            f"To: {random.choice(ADDRESSES)}",
            f"Subject: {random.choice(('urgent', '=?utf-8?q?urg=65nt?=', 'mail. x', ''))}",
            f"X-Number: {number}",
        ]
        if random.random() < 0.3:
            lines.append(f"Cc: {random.choice(ADDRESSES)}")
        if random.random() < 0.3:
            lines.append(f"X-Spam: {random.choice(WORDS)}")
        if random.random() < 0.2:
            lines.append("Disposition-Notification-To: a@example.com")
        lines += ["", *random.choices((".", "text", ".dot", "x" * 60), k=random.randint(0, 3)), ""]
        return "\r\n".join(lines).encode()
