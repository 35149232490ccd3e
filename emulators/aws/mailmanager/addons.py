"""Add-ons: a subscription accepts terms and price, an instance of it is what rules name.

One subscription an add-on, one instance a subscription. A subscription with an instance cannot be
deleted, nor an instance that a rule set or traffic policy names: ConflictException (ours).
"""

from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager import paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import ADDON_INSTANCE, ADDON_SUBSCRIPTION, Resource

# The values that CloudFormation documents for AddonName; the API's model states none.
NAMES = (
    "TRENDMICRO_VSAPI",
    "SPAMHAUS_DBL",
    "ABUSIX_MAIL_INTELLIGENCE",
    "VADE_ADVANCED_EMAIL_SECURITY",
)


def create_subscription(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    name = request["AddonName"]
    if name not in NAMES:
        raise errors.validation(f"AddonName: {name} is none of {', '.join(NAMES)}")
    subscription = call.new(ADDON_SUBSCRIPTION, name, request)
    call.store.add(subscription)
    return {"AddonSubscriptionId": subscription.id}


def get_subscription(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    shown = _subscription(call.store.get(ADDON_SUBSCRIPTION, request["AddonSubscriptionId"]))
    del shown["AddonSubscriptionId"]
    return shown


def delete_subscription(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    # The operation declares no ResourceNotFoundException: what is gone is deleted.
    found = call.store.find(ADDON_SUBSCRIPTION, request["AddonSubscriptionId"])
    if found is not None:
        for instance in call.store.all(ADDON_INSTANCE):
            if instance.fields["AddonSubscriptionId"] == found.id:
                raise errors.conflict(f"{found.id} has the instance {instance.id}")
        del call.store.resources[found.id]
    return {}


def list_subscriptions(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    subscriptions = call.store.all(ADDON_SUBSCRIPTION)
    return paging.page(call.operation, request, subscriptions, "AddonSubscriptions", _subscription)


def create_instance(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    subscription = call.store.get(ADDON_SUBSCRIPTION, request["AddonSubscriptionId"])
    # Instances go by their add-on's name, so the second one of a subscription is a conflict.
    instance = call.new(ADDON_INSTANCE, subscription.name, request)
    instance.fields = {"AddonSubscriptionId": subscription.id}
    call.store.add(instance)
    return {"AddonInstanceId": instance.id}


def get_instance(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    shown = _instance(call.store.get(ADDON_INSTANCE, request["AddonInstanceId"]))
    del shown["AddonInstanceId"]
    return shown


def delete_instance(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.store.find(ADDON_INSTANCE, request["AddonInstanceId"])
    if found is not None:
        references.check_unused(call.store, found)
        del call.store.resources[found.id]
    return {}


def list_instances(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    instances = call.store.all(ADDON_INSTANCE)
    return paging.page(call.operation, request, instances, "AddonInstances", _instance)


def _subscription(one: Resource) -> dict[str, Any]:
    return {
        "AddonSubscriptionId": one.id,
        "AddonName": one.name,
        "AddonSubscriptionArn": one.arn,
        "CreatedTimestamp": one.created,
    }


def _instance(one: Resource) -> dict[str, Any]:
    return {
        "AddonInstanceId": one.id,
        "AddonSubscriptionId": one.fields["AddonSubscriptionId"],
        "AddonName": one.name,
        "AddonInstanceArn": one.arn,
        "CreatedTimestamp": one.created,
    }
