"""The objects of a new organization, and what a new object of each kind looks like.

Members are those that the cmdlets show and that concern mail. A member that holds nothing shows as
an empty list or as null, as it does in the service.
"""

from __future__ import annotations

from typing import Any

CONNECTION_FILTER = "HostedConnectionFilterPolicy"
CONTENT_FILTER = "HostedContentFilterPolicy"
CONTENT_RULE = "HostedContentFilterRule"
CONNECTOR = "InboundConnector"
KINDS = (CONNECTION_FILTER, CONTENT_FILTER, CONTENT_RULE, CONNECTOR)

# Advanced spam filter options: each is Off, On or Test.
MARK_AS_SPAM = (
    "MarkAsSpamEmptyMessages",
    "MarkAsSpamEmbedTagsInHtml",
    "MarkAsSpamFormTagsInHtml",
    "MarkAsSpamFramesInHtml",
    "MarkAsSpamFromAddressAuthFail",
    "MarkAsSpamJavaScriptInHtml",
    "MarkAsSpamNdrBackscatter",
    "MarkAsSpamObjectTagsInHtml",
    "MarkAsSpamSensitiveWordList",
    "MarkAsSpamSpfRecordHardFail",
    "MarkAsSpamWebBugsInHtml",
)
SPAM_ACTIONS = ("SpamAction", "HighConfidenceSpamAction", "PhishSpamAction", "BulkSpamAction")
SENDER_LISTS = (
    "AllowedSenders",
    "AllowedSenderDomains",
    "BlockedSenders",
    "BlockedSenderDomains",
)


def objects() -> dict[str, list[dict[str, Any]]]:
    """What a new organization holds, by kind."""
    return {
        CONNECTION_FILTER: [connection_filter_policy("Default")],
        CONTENT_FILTER: [content_filter_policy("Default", default=True)],
        CONTENT_RULE: [],
        CONNECTOR: [],
    }


def connection_filter_policy(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "AdminDisplayName": "",
        "IsDefault": True,
        "IPAllowList": [],
        "IPBlockList": [],
        "EnableSafeList": False,
        "DirectoryBasedEdgeBlockMode": "Default",
    }


def content_filter_policy(name: str, *, default: bool) -> dict[str, Any]:
    return {
        "Name": name,
        "AdminDisplayName": "",
        "IsDefault": default,
        "RecommendedPolicyType": "Custom",
        "SpamAction": "MoveToJmf",
        "HighConfidenceSpamAction": "MoveToJmf",
        "PhishSpamAction": "MoveToJmf",
        "BulkSpamAction": "MoveToJmf",
        "BulkThreshold": 7,
        "MarkAsSpamBulkMail": "On",
        **dict.fromkeys(MARK_AS_SPAM, "Off"),
        **{name: [] for name in SENDER_LISTS},
        "QuarantineRetentionPeriod": 15,
        "TestModeAction": "None",
    }


def content_filter_rule(name: str, policy: str, priority: int) -> dict[str, Any]:
    return {
        "Name": name,
        "HostedContentFilterPolicy": policy,
        "Priority": priority,
        "State": "Enabled",
        "Comments": None,
        "SentTo": None,
        "RecipientDomainIs": None,
        "ExceptIfSentTo": None,
        "ExceptIfRecipientDomainIs": None,
    }


def inbound_connector(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "Enabled": True,
        "ConnectorType": "Partner",
        "ConnectorSource": "Default",
        "Comment": None,
        "SenderDomains": [],
        "SenderIPAddresses": [],
        "TrustedOrganizations": [],
        "ClientHostNames": [],
        "AssociatedAcceptedDomains": [],
        "RequireTls": False,
        "RestrictDomainsToIPAddresses": False,
        "RestrictDomainsToCertificate": False,
        "CloudServicesMailEnabled": False,
        "TreatMessagesAsInternal": False,
        "TlsSenderCertificateName": None,
        "EFTestMode": False,
        "EFSkipLastIP": False,
        "EFSkipIPs": [],
        "EFSkipMailGateway": [],
        "EFUsers": [],
        "ScanAndDropRecipients": [],
    }
