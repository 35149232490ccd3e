# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Email identities of domains: DKIM, custom MAIL FROM, their DNS records, and verification.

Mail Manager attempts no delivery to a recipient whose domain is not a verified identity.
Sources: SES developer guide, "SMTP relay" (note on inbound relays), "Verified identities"; SESv2
API reference, CreateEmailIdentity and PutEmailIdentity….
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    email_identity_publication as publication,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    email_identity_records as records,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity_options import (
    BEHAVIORS,
    Wanted,
    wanted,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.email_identity_state import (
    get,
    result,
    shown,
    waiting,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import tag_list
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Record, Zone
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import once_visible
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, NotFound
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Change, Plan

EASY = "AWS_SES"
NEW = "(new)"
UNKNOWN = {"CNAME": ["(DKIM records)"]}

Document = dict[str, Any]
Steps = list[Callable[[], object]]


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan."""
    want = wanted(options)
    current = get(want.domain, services)
    before = shown(want.domain, current)
    place = publication.place(want, services) if current or want.present else None
    if not want.present:
        return _removal(want, current, before, place, services)
    desired = desired_state(want, before)
    asked = _desired_records(want, current, desired, services)
    found = publication.look(place, asked, want.overwrite, services)
    if place is not None:
        before = before and {**before, "published": found.before}
        unknown = {} if _tokens_known(current, desired) else UNKNOWN
        desired["published"] = {**found.after, **unknown}
    change = reconcile.change(before, desired)
    dns = [each._asdict() for each in asked]
    return Plan(
        title=f"email identity {want.domain}",
        change=change,
        predicted=result(want.domain, current, {**(change.after or {}), "dns_records": dns}),
        read=lambda: _read(want, place, services),
        steps=tuple(_steps(want, current, change, place, services)),
        missing=_missing(want, change, services),
    )


def desired_state(want: Wanted, before: Mapping[str, Any] | None) -> Document:
    """The members that should stand, as they are shown. Pure. Raises BadOption."""
    now = before or {}
    tags = now.get("tags", {})
    desired: Document = {
        "domain": want.domain,
        "tags": tags if want.tags is None else reconcile.tags(tags, want.tags, want.purge_tags),
        "dkim_signing": want.signing,
    }
    if want.key_length is not None:
        desired |= {"dkim_origin": EASY, "dkim_selector": None, "dkim_key_length": want.key_length}
    if want.selector is not None:
        own = {
            "dkim_origin": records.EXTERNAL,
            "dkim_selector": want.selector,
            "dkim_key_length": None,
        }
        stands = all(now.get(name) == value for name, value in own.items())
        if want.key is None and not stands:
            raise BadOption("dkim_private_key", "is needed: SES does not have it yet")
        desired |= own
        if want.key is not None and (want.always or not stands):
            desired["dkim_private_key"] = NEW
    if want.mail_from is not None:
        desired["mail_from_domain"] = want.mail_from or None
        kept = now.get("mail_from_behavior_on_mx_failure") or BEHAVIORS[0]
        behavior = (want.behavior or kept) if want.mail_from else None
        desired["mail_from_behavior_on_mx_failure"] = behavior
    elif want.behavior is not None:
        if not now.get("mail_from_domain"):
            raise BadOption(
                "mail_from_behavior_on_mx_failure",
                "needs mail_from_domain: the identity has no custom MAIL FROM domain",
            )
        desired["mail_from_behavior_on_mx_failure"] = want.behavior
    if want.configuration_set is not None:
        desired["configuration_set_name"] = want.configuration_set or None
    return desired


def _tokens_known(current: Document | None, desired: Mapping[str, Any]) -> bool:
    """SES makes the tokens of its own keys up when they are asked for."""
    origin = (current or {}).get("DkimAttributes", {}).get("SigningAttributesOrigin")
    wished = desired.get("dkim_origin", origin or EASY)
    return bool(wished == records.EXTERNAL or wished == origin)


def _desired_records(
    want: Wanted, current: Document | None, desired: Mapping[str, Any], services: Services
) -> list[Record]:
    """The records that the desired state asks for, as far as they are known beforehand."""
    attributes = (current or {}).get("DkimAttributes", {})
    if desired.get("dkim_origin") == records.EXTERNAL:
        tokens = [desired["dkim_selector"]]
        attributes = {"SigningAttributesOrigin": records.EXTERNAL, "Tokens": tokens}
    elif not _tokens_known(current, desired):
        attributes = {}
    now = (shown(want.domain, current) or {}).get("mail_from_domain")
    name = desired.get("mail_from_domain", now)
    mail_from = records.mail_from(name, services["sesv2"].region)
    return [*records.dkim(want.domain, attributes, want.key), *mail_from]


def _missing(want: Wanted, change: Change, services: Services) -> tuple[str, ...]:
    name = want.configuration_set
    if not name or not change.differs("configuration_set_name"):
        return ()
    try:
        services["sesv2"].call("get_configuration_set", ConfigurationSetName=name)
    except NotFound:
        return (f"configuration_set_name: there is no configuration set {name}",)
    return ()


def _steps(
    want: Wanted,
    current: Document | None,
    change: Change,
    place: Zone | None,
    services: Services,
) -> Steps:
    # What SES answers of the keys is taken from its answers: a read may still show the old ones.
    dkim: Document = {**(current or {}).get("DkimAttributes", {})}
    steps = _creation(want, change, dkim, services) if current is None else []
    steps += _settings(want, change, dkim, services, created=current is None)
    if place is not None and change.differs("published"):
        name = (change.after or {}).get("mail_from_domain")
        mail_from = records.mail_from(name, services["sesv2"].region)
        steps.append(
            lambda: publication.publish(
                place,
                [*records.dkim(want.domain, dkim, want.key), *mail_from],
                want.overwrite,
                services,
            )
        )
    if current is not None and change.differs("tags"):
        steps += _tagging(want.domain, change, services)
    if want.wait:
        renewed = change.differs("dkim_origin", "dkim_selector", "mail_from_domain")
        seen = None if renewed else current
        steps += waiting(want.domain, want.timeout, bool(want.mail_from), seen, services)
    return steps


def _creation(want: Wanted, change: Change, dkim: Document, services: Services) -> Steps:
    """dkim: takes up what SES answers of the keys."""
    ses = services["sesv2"]
    request: Document = {"EmailIdentity": want.domain}
    if change.members["tags"]:
        request["Tags"] = tag_list(change.members["tags"])
    signing = _signing(want)
    if signing:
        request["DkimSigningAttributes"] = signing
    if want.configuration_set:
        request["ConfigurationSetName"] = want.configuration_set

    def create() -> None:
        dkim.update(ses.call("create_email_identity", **request)["DkimAttributes"])
        once_visible(lambda: ses.call("get_email_identity", EmailIdentity=want.domain))

    return [create]


def _signing(want: Wanted) -> Document:
    if want.selector is not None and want.key is not None:
        return {
            "DomainSigningSelector": want.selector,
            "DomainSigningPrivateKey": want.key.private,
        }
    return {"NextSigningKeyLength": want.key_length} if want.key_length else {}


def _settings(
    want: Wanted, change: Change, dkim: Document, services: Services, *, created: bool
) -> Steps:
    """The calls that set what a creation does not take, or what differs."""
    ses = services["sesv2"]
    steps: Steps = []

    def put(what: str, **members: Any) -> None:
        method = f"put_email_identity_{what}"
        steps.append(lambda: ses.call(method, EmailIdentity=want.domain, **members))

    if not created and change.differs(
        "dkim_origin", "dkim_selector", "dkim_key_length", "dkim_private_key"
    ):
        steps.append(lambda: _sign(want, (change.after or {})["dkim_origin"], dkim, services))
    if (not created and change.differs("dkim_signing")) or (created and not want.signing):
        put("dkim_attributes", SigningEnabled=want.signing)
    after = change.after or {}
    if (created and want.mail_from) or (
        not created and change.differs("mail_from_domain", "mail_from_behavior_on_mx_failure")
    ):
        name, behavior = after["mail_from_domain"], after["mail_from_behavior_on_mx_failure"]
        members = {"MailFromDomain": name, "BehaviorOnMxFailure": behavior} if name else {}
        put("mail_from_attributes", **members)
    if not created and change.differs("configuration_set_name"):
        name = after["configuration_set_name"]
        put("configuration_set_attributes", **({"ConfigurationSetName": name} if name else {}))
    return steps


def _sign(want: Wanted, origin: str, dkim: Document, services: Services) -> None:
    answer = services["sesv2"].call(
        "put_email_identity_dkim_signing_attributes",
        EmailIdentity=want.domain,
        SigningAttributesOrigin=origin,
        SigningAttributes=_signing(want),
    )
    dkim.update(
        SigningAttributesOrigin=origin,
        Tokens=answer.get("DkimTokens", []),
        SigningHostedZone=answer.get("SigningHostedZone"),
    )


def _tagging(domain: str, change: Change, services: Services) -> Steps:
    ses = services["sesv2"]
    put, removed = reconcile.tag_steps((change.before or {})["tags"], change.members["tags"])
    steps: Steps = []
    if removed:
        steps.append(
            lambda: ses.call("untag_resource", ResourceArn=_arn(domain, services), TagKeys=removed)
        )
    if put:
        steps.append(
            lambda: ses.call("tag_resource", ResourceArn=_arn(domain, services), Tags=tag_list(put))
        )
    return steps


def _arn(domain: str, services: Services) -> str:
    scope = kms.scope(services)
    return f"arn:{scope.partition}:ses:{services['sesv2'].region}:{scope.account}:identity/{domain}"


def _asked(want: Wanted, document: Document | None, services: Services) -> list[Record]:
    """The records that the identity asks for now."""
    now = shown(want.domain, document) or {}
    return [
        *records.dkim(want.domain, (document or {}).get("DkimAttributes", {}), want.key),
        *records.mail_from(now.get("mail_from_domain"), services["sesv2"].region),
    ]


def _removal(
    want: Wanted,
    current: Document | None,
    before: Document | None,
    place: Zone | None,
    services: Services,
) -> Plan:
    steps: Steps = []
    if current is not None:
        if place is not None and before is not None:
            asked = _asked(want, current, services)
            found = publication.look(place, asked, True, services)
            before = {**before, "published": found.before}
            steps.append(lambda: publication.withdraw(place, asked, services))
        steps.append(
            lambda: services["sesv2"].call("delete_email_identity", EmailIdentity=want.domain)
        )
    nothing = {"identity": None, "document": None}
    return Plan(
        title=f"email identity {want.domain}",
        change=reconcile.change(before, None),
        predicted=nothing,
        read=lambda: nothing,
        steps=tuple(steps),
    )


def _read(want: Wanted, place: Zone | None, services: Services) -> Document:
    """What the module returns once all is done."""
    document = get(want.domain, services)
    asked = _asked(want, document, services)
    facts: Document = {**(shown(want.domain, document) or {})}
    if place is not None:
        facts["published"] = publication.look(place, asked, True, services).before
    facts["dns_records"] = [each._asdict() for each in asked]
    return result(want.domain, document, facts)


def info(options: Mapping[str, Any], services: Services) -> Document:
    """For the `_info` twin: the identity of one domain, or of all."""
    domains = [options["domain"].rstrip(".").lower()] if options.get("domain") else _all(services)
    results = []
    for domain in domains:
        document = get(domain, services)
        if document is not None:
            facts = shown(domain, document) or {}
            asked = [
                *records.dkim(domain, document.get("DkimAttributes", {}), None),
                *records.mail_from(facts["mail_from_domain"], services["sesv2"].region),
            ]
            dns = [each._asdict() for each in asked]
            results.append(result(domain, document, {**facts, "dns_records": dns}))
    return {
        "identities": [each["identity"] for each in results],
        "documents": [each["document"] for each in results],
    }


def _all(services: Services) -> list[str]:
    listed = services["sesv2"].all("list_email_identities", "EmailIdentities")
    return [each["IdentityName"] for each in listed if each["IdentityType"] == "DOMAIN"]
