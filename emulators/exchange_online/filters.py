"""The anti-spam cmdlets: connection filter policy, content filter policies and their rules.

Sources: the pages of Set-HostedConnectionFilterPolicy, Set-HostedContentFilterPolicy and
New-HostedContentFilterRule.
"""

from __future__ import annotations

from emulators.exchange_online import addresses, errors, initial, parameters
from emulators.exchange_online.cmdlet import (
    Cmdlet,
    Result,
    getter,
    refuse_unknown_policy,
    remover,
    setter,
)
from emulators.exchange_online.initial import CONNECTION_FILTER, CONTENT_FILTER, CONTENT_RULE
from emulators.exchange_online.organization import Object, Organization
from emulators.exchange_online.parameters import Arguments, Kind

MOST_ADDRESSES = 1273
_RANGES = "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.IPRange]"
_STRINGS = "Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]"
_IDENTITY: dict[str, Kind] = {"Identity": parameters.text()}
_ON_OFF = ("Off", "On", "Test")

_CONNECTION: dict[str, Kind] = {
    "AdminDisplayName": parameters.text(255),
    "EnableSafeList": parameters.flag,
    "IPAllowList": parameters.many(_RANGES, addresses.address_or_range, MOST_ADDRESSES),
    "IPBlockList": parameters.many(_RANGES, addresses.address_or_range, MOST_ADDRESSES),
}
_SPAM_ACTION = parameters.choice(
    "Data.Directory.SystemConfiguration.SpamFilteringAction",
    "MoveToJmf",
    "AddXHeader",
    "ModifySubject",
    "Redirect",
    "Delete",
    "Quarantine",
    "NoAction",
)
_CONTENT: dict[str, Kind] = {
    "AdminDisplayName": parameters.text(255),
    **dict.fromkeys(initial.SPAM_ACTIONS, _SPAM_ACTION),
    "BulkThreshold": parameters.number(1, 9),
    **{
        name: parameters.choice("Data.Directory.SystemConfiguration.SpamFilteringOption", *_ON_OFF)
        for name in ("MarkAsSpamBulkMail", *initial.MARK_AS_SPAM)
    },
    "AllowedSenders": parameters.many(_STRINGS, addresses.smtp_address),
    "AllowedSenderDomains": parameters.many(_STRINGS, addresses.domain_name),
    "BlockedSenders": parameters.many(_STRINGS, addresses.smtp_address),
    "BlockedSenderDomains": parameters.many(_STRINGS, addresses.domain_name),
    "QuarantineRetentionPeriod": parameters.number(1, 30),
    "TestModeAction": parameters.choice(
        "Data.Directory.SystemConfiguration.SpamFilteringTestModeAction",
        "None",
        "AddXHeader",
        "BccMessage",
    ),
}
_RULE: dict[str, Kind] = {
    "HostedContentFilterPolicy": parameters.text(),
    "Priority": parameters.number(0, 100),
    "Comments": parameters.text(),
    "SentTo": parameters.many(_STRINGS, addresses.smtp_address),
    "RecipientDomainIs": parameters.many(_STRINGS, addresses.domain_name),
    "ExceptIfSentTo": parameters.many(_STRINGS, addresses.smtp_address),
    "ExceptIfRecipientDomainIs": parameters.many(_STRINGS, addresses.domain_name),
}


def _new_policy(organization: Organization, arguments: Arguments) -> Result:
    name = arguments.get("Name")
    new = arguments.applied(initial.content_filter_policy(name, default=False))
    return Result([new if arguments.what_if else organization.add(CONTENT_FILTER, new)])


def _refuse_default(organization: Organization, policy: Object) -> None:
    if policy["IsDefault"]:
        raise errors.invalid_operation(f"The default policy '{policy['Name']}' can't be removed.")
    for rule in organization.all(CONTENT_RULE):
        if rule["HostedContentFilterPolicy"] == policy["Name"]:
            raise errors.invalid_operation(
                f"The policy '{policy['Name']}' can't be removed: the rule '{rule['Name']}' uses "
                "it."
            )


def _new_rule(organization: Organization, arguments: Arguments) -> Result:
    rules = organization.all(CONTENT_RULE)
    policy = arguments.get("HostedContentFilterPolicy")
    refuse_unknown_policy(organization, CONTENT_FILTER, policy)
    if any(one["HostedContentFilterPolicy"].lower() == policy.lower() for one in rules):
        raise errors.invalid_operation(f"The policy '{policy}' already has a rule.")
    priority = arguments.get("Priority", len(rules))
    if priority > len(rules):
        raise errors.invalid_value(f"The priority must be between 0 and {len(rules)}.")
    new = arguments.applied(
        initial.content_filter_rule(arguments.get("Name"), policy, priority), "Enabled", "Priority"
    )
    if not (new["SentTo"] or new["RecipientDomainIs"]):
        raise errors.invalid_value("A rule needs a condition: SentTo or RecipientDomainIs.")
    if arguments.get("Enabled", True) is False:
        new["State"] = "Disabled"
    if arguments.what_if:
        return Result([new])
    for one in rules:
        if one["Priority"] >= priority:
            organization.replace(CONTENT_RULE, one, {**one, "Priority": one["Priority"] + 1})
    return Result([organization.add(CONTENT_RULE, new)])


def _state(state: str) -> Cmdlet:
    def run(organization: Organization, arguments: Arguments) -> Result:
        old = organization.get(CONTENT_RULE, arguments.get("Identity"))
        if not arguments.what_if:
            organization.replace(CONTENT_RULE, old, {**old, "State": state})
        return Result()

    return Cmdlet(run, _IDENTITY, ("Identity",), hydrated=True)


CMDLETS = {
    "Get-HostedConnectionFilterPolicy": Cmdlet(getter(CONNECTION_FILTER), _IDENTITY),
    "Set-HostedConnectionFilterPolicy": Cmdlet(
        setter(CONNECTION_FILTER), {**_IDENTITY, **_CONNECTION}, ("Identity",), hydrated=True
    ),
    "Get-HostedContentFilterPolicy": Cmdlet(getter(CONTENT_FILTER), _IDENTITY),
    "Set-HostedContentFilterPolicy": Cmdlet(
        setter(CONTENT_FILTER), {**_IDENTITY, **_CONTENT}, ("Identity",), hydrated=True
    ),
    "New-HostedContentFilterPolicy": Cmdlet(
        _new_policy, {"Name": parameters.text(64), **_CONTENT}, ("Name",), hydrated=True
    ),
    "Remove-HostedContentFilterPolicy": Cmdlet(
        remover(CONTENT_FILTER, _refuse_default), _IDENTITY, ("Identity",), hydrated=True
    ),
    "Get-HostedContentFilterRule": Cmdlet(getter(CONTENT_RULE), _IDENTITY),
    "New-HostedContentFilterRule": Cmdlet(
        _new_rule,
        {"Name": parameters.text(64), "Enabled": parameters.flag, **_RULE},
        ("Name", "HostedContentFilterPolicy"),
        hydrated=True,
    ),
    "Enable-HostedContentFilterRule": _state("Enabled"),
    "Disable-HostedContentFilterRule": _state("Disabled"),
    "Remove-HostedContentFilterRule": Cmdlet(
        remover(CONTENT_RULE), _IDENTITY, ("Identity",), hydrated=True
    ),
}
