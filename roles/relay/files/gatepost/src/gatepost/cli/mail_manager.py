"""Reading Mail Manager and SES through boto3: an ingress point and everything that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.errors import GatepostError
from gatepost.policy import documents

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Documents as the API returns them, by name; verified_domains are SES identities.
    address_lists: the members of each, by id. policy_names, rule_set_names: by id."""

    ingress_points: tuple[Document, ...]
    traffic_policies: tuple[Document, ...]
    rule_sets: tuple[Document, ...]
    relays: tuple[Document, ...]
    verified_domains: tuple[str, ...]
    address_lists: Mapping[str, tuple[str, ...]]

    @property
    def policy_names(self) -> Mapping[str, str]:
        return {
            each["TrafficPolicyId"]: each["TrafficPolicyName"] for each in self.traffic_policies
        }

    @property
    def rule_set_names(self) -> Mapping[str, str]:
        return {each["RuleSetId"]: each["RuleSetName"] for each in self.rule_sets}


class Account:
    """mailmanager, sesv2: boto3 clients."""

    def __init__(self, mailmanager: Any, sesv2: Any) -> None:
        self._mailmanager = mailmanager
        self._sesv2 = sesv2

    def read(self, ingress: str) -> Found:
        """ingress: a name, an id, or "all". Raises GatepostError."""
        points = self._ingress_points(ingress)
        policies = self._each("get_traffic_policy", "TrafficPolicyId", points)
        rule_sets = self._each("get_rule_set", "RuleSetId", points)
        return Found(
            ingress_points=tuple(points),
            traffic_policies=_by_name(policies, "TrafficPolicyName"),
            rule_sets=_by_name(rule_sets, "RuleSetName"),
            relays=_by_name(self._relays(rule_sets), "RelayName"),
            verified_domains=tuple(sorted(self._verified_domains())),
            address_lists=self._address_lists((*policies, *rule_sets)),
        )

    def _ingress_points(self, ingress: str) -> list[Document]:
        listed = self._listed(self._mailmanager, "list_ingress_points", "IngressPoints")
        chosen = [
            each["IngressPointId"]
            for each in listed
            if ingress in ("all", each["IngressPointName"], each["IngressPointId"])
        ]
        if not chosen:
            known = ", ".join(sorted(each["IngressPointName"] for each in listed)) or "none"
            raise GatepostError(f"--ingress {ingress}: no such ingress point; known: {known}")
        points = [
            _called(self._mailmanager.get_ingress_point, IngressPointId=each) for each in chosen
        ]
        return sorted(points, key=lambda each: str(each["IngressPointName"]))

    def _each(self, operation: str, member: str, points: Iterable[Document]) -> list[Document]:
        get = getattr(self._mailmanager, operation)
        return [_called(get, **{member: each}) for each in sorted({p[member] for p in points})]

    def _relays(self, rule_sets: Iterable[Document]) -> list[Document]:
        wanted = {
            action["Relay"]["Relay"]
            for rule_set in rule_sets
            for rule in rule_set["Rules"]
            for action in rule["Actions"]
            if "Relay" in action
        }
        if not wanted:
            return []
        found = []
        for each in self._listed(self._mailmanager, "list_relays", "Relays"):
            relay = _called(self._mailmanager.get_relay, RelayId=each["RelayId"])
            spellings = {relay["RelayId"], relay.get("RelayArn"), relay.get("RelayName")}
            if spellings & wanted:
                wanted -= spellings
                found.append(relay)
        if wanted:
            raise GatepostError(f"rules name relays that do not exist: {', '.join(sorted(wanted))}")
        return found

    def _address_lists(self, judging: Iterable[Document]) -> dict[str, tuple[str, ...]]:
        wanted = {
            reference.spelling.rpartition("/")[2]
            for each in judging
            for reference in documents.references(each)
            if reference.what == "address_list"
        }
        return {
            each: tuple(sorted(member["Address"] for member in self._members(each)))
            for each in sorted(wanted)
        }

    def _members(self, address_list: str) -> list[Document]:
        return self._listed(
            self._mailmanager,
            "list_members_of_address_list",
            "Addresses",
            AddressListId=address_list,
        )

    def _verified_domains(self) -> list[str]:
        """`list_email_identities` has a NextToken, and no paginator in botocore."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = _called(self._sesv2.list_email_identities, **token)
            found += [
                each["IdentityName"]
                for each in page.get("EmailIdentities", [])
                if each["IdentityType"] == "DOMAIN" and each.get("VerificationStatus") == "SUCCESS"
            ]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    @staticmethod
    def _listed(client: Any, operation: str, member: str, **about: str) -> list[Document]:
        def pages() -> list[Document]:
            paginator = client.get_paginator(operation)
            return [each for page in paginator.paginate(**about) for each in page[member]]

        found: list[Document] = _called(pages)
        return found


def _by_name(documents: Iterable[Document], member: str) -> tuple[Document, ...]:
    return tuple(sorted(documents, key=lambda each: str(each[member])))


def _called(operation: Callable[..., Any], **parameters: Any) -> Any:
    """A call whose every failure is one line."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return operation(**parameters)
    except ClientError as error:
        details = error.response.get("Error", {})
        raise GatepostError(
            f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}"
        ) from error
    except BotoCoreError as error:
        raise GatepostError(f"AWS: {error}") from error


def open_account(region: str | None, endpoint_url: str | None, profile: str | None) -> Account:
    """Raises GatepostError: boto3 is missing or too old, or there is no such profile or region."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise GatepostError("boto3 is not installed; install gatepost[aws]") from None
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        # The API allows one request a second.
        config = Config(retries={"mode": "adaptive", "max_attempts": 10})
        made = [
            session.client(name, endpoint_url=endpoint_url, config=config)
            for name in ("mailmanager", "sesv2")
        ]
    except BotoCoreError as error:
        reason = "this boto3 has no mailmanager; install gatepost[aws]"
        unknown = type(error).__name__ == "UnknownServiceError"
        raise GatepostError(reason if unknown else f"AWS: {error}") from error
    return Account(*made)
