"""Which function answers which operation of the API, and what moves on by itself with the time."""

from collections.abc import Callable
from typing import Any

from emulators.aws.mailmanager import (
    addons,
    address_imports,
    address_lists,
    archive_jobs,
    archives,
    ingress_points,
    relays,
    rule_sets,
    tags,
    traffic_policies,
)
from emulators.aws.mailmanager.context import Call, Trouble
from emulators.aws.mailmanager.store import Store
from emulators.aws.scope import Scope

Operation = Callable[[Call, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "CreateRelay": relays.create,
    "GetRelay": relays.get,
    "UpdateRelay": relays.update,
    "DeleteRelay": relays.delete,
    "ListRelays": relays.list_,
    "CreateRuleSet": rule_sets.create,
    "GetRuleSet": rule_sets.get,
    "UpdateRuleSet": rule_sets.update,
    "DeleteRuleSet": rule_sets.delete,
    "ListRuleSets": rule_sets.list_,
    "CreateTrafficPolicy": traffic_policies.create,
    "GetTrafficPolicy": traffic_policies.get,
    "UpdateTrafficPolicy": traffic_policies.update,
    "DeleteTrafficPolicy": traffic_policies.delete,
    "ListTrafficPolicies": traffic_policies.list_,
    "CreateIngressPoint": ingress_points.create,
    "GetIngressPoint": ingress_points.get,
    "UpdateIngressPoint": ingress_points.update,
    "DeleteIngressPoint": ingress_points.delete,
    "ListIngressPoints": ingress_points.list_,
    "CreateArchive": archives.create,
    "GetArchive": archives.get,
    "UpdateArchive": archives.update,
    "DeleteArchive": archives.delete,
    "ListArchives": archives.list_,
    "StartArchiveSearch": archive_jobs.start_search,
    "GetArchiveSearch": archive_jobs.get_search,
    "GetArchiveSearchResults": archive_jobs.results,
    "StopArchiveSearch": archive_jobs.stop_search,
    "ListArchiveSearches": archive_jobs.list_searches,
    "StartArchiveExport": archive_jobs.start_export,
    "GetArchiveExport": archive_jobs.get_export,
    "StopArchiveExport": archive_jobs.stop_export,
    "ListArchiveExports": archive_jobs.list_exports,
    "GetArchiveMessage": archive_jobs.get_message,
    "GetArchiveMessageContent": archive_jobs.get_content,
    "CreateAddressList": address_lists.create,
    "GetAddressList": address_lists.get,
    "DeleteAddressList": address_lists.delete,
    "ListAddressLists": address_lists.list_,
    "RegisterMemberToAddressList": address_lists.register,
    "DeregisterMemberFromAddressList": address_lists.deregister,
    "GetMemberOfAddressList": address_lists.get_member,
    "ListMembersOfAddressList": address_lists.list_members,
    "CreateAddressListImportJob": address_imports.create,
    "GetAddressListImportJob": address_imports.get,
    "StartAddressListImportJob": address_imports.start,
    "StopAddressListImportJob": address_imports.stop,
    "ListAddressListImportJobs": address_imports.list_,
    "CreateAddonSubscription": addons.create_subscription,
    "GetAddonSubscription": addons.get_subscription,
    "DeleteAddonSubscription": addons.delete_subscription,
    "ListAddonSubscriptions": addons.list_subscriptions,
    "CreateAddonInstance": addons.create_instance,
    "GetAddonInstance": addons.get_instance,
    "DeleteAddonInstance": addons.delete_instance,
    "ListAddonInstances": addons.list_instances,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.list_,
}


def settle(store: Store, scope: Scope, now: float, trouble: Trouble) -> None:
    """Move everything on whose passing state is over."""
    ingress_points.settle(store, now, trouble)
    address_imports.settle(store, now)
    archives.settle(store, now)
    archive_jobs.settle(store, scope, now)
