"""Tags of any Mail Manager resource, by ARN. Keys starting with `aws:` are the services' own."""

from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager.context import Call

# The model's maximum for one request, taken as that of a resource too (ours).
_LIMIT = 200


def check(tags: list[dict[str, str]]) -> None:
    """Raise ValidationException for a key that occurs twice or is reserved."""
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        raise errors.validation("Tags: a key occurs twice")
    if any(key.lower().startswith("aws:") for key in keys):
        raise errors.validation("Tags: keys that start with aws: are reserved")


def tag(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    resource = call.store.by_arn(request["ResourceArn"])
    merged = resource.tags | {one["Key"]: one["Value"] for one in request["Tags"]}
    if len(merged) > _LIMIT:
        raise errors.quota(f"a resource holds at most {_LIMIT} tags")
    resource.tags = merged
    return {}


def untag(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    resource = call.store.by_arn(request["ResourceArn"])
    for key in request["TagKeys"]:
        resource.tags.pop(key, None)
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    resource = call.store.by_arn(request["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in resource.tags.items()]}
