"""Records in a zone: what counts as published, what a change does to what others put there."""

import random

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import route53
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import (
    Record,
    Standing,
    Zone,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    Ambiguous,
    GatepostError,
    Missing,
)

CNAME = Record("CNAME", "tok._domainkey.example.com", "tok.dkim.amazonses.com")
MX = Record("MX", "bounce.example.com", "10 feedback-smtp.eu-west-1.amazonses.com")
SPF = Record("TXT", "bounce.example.com", "v=spf1 include:amazonses.com ~all")
DKIM = Record("TXT", "own._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAA")


def holding(record, *values, ttl=60, **more):
    """A zone's answer, read as the module reads it."""
    answer = {
        "Name": f"{record.name}.",
        "Type": record.type,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
        **more,
    }

    class Service:
        def call(self, _method, **_request):
            return {"ResourceRecordSets": [answer]}

    return route53.standing(Service(), Zone("Z", "example.com"), record)


STANDS = [
    (CNAME, ("tok.dkim.amazonses.com.",), True),
    (CNAME, ("TOK.dkim.amazonses.com",), True),
    (CNAME, ("other.example.com",), False),
    (MX, ("10  feedback-smtp.eu-west-1.amazonses.com.",), True),
    (MX, ("20 feedback-smtp.eu-west-1.amazonses.com",), False),
    (MX, ("10 feedback-smtp.eu-west-1.amazonses.com", "20 mx.example.net"), False),
    (SPF, ('"v=spf1 include:amazonses.com ~all"',), True),
    (SPF, ('"v=spf1 include:" "amazonses.com ~all"',), True),
    (SPF, ('"google-site-verification=x"', '"v=spf1 include:amazonses.com ~all"'), True),
    (SPF, ('"v=spf1 -all"',), False),
    (DKIM, (r'"v=DKIM1\073 k=rsa\; p=AAAA"',), True),
]


@pytest.mark.parametrize(("record", "values", "expected"), STANDS)
def test_what_counts_as_published(record, values, expected):
    now = holding(record, *values)
    assert route53.stands(record, now) is expected
    if expected:
        assert route53.publication(record, now, overwrite=False) is None


def test_the_next_record_of_a_listing_is_another_one():
    following = Record("CNAME", "zzz.example.com", "x")
    answer = holding(following, "x").found

    class Service:
        def call(self, _method, **_request):
            return {"ResourceRecordSets": [answer]}

    assert route53.standing(Service(), Zone("Z", "example.com"), CNAME) == Standing()


def test_nothing_there_is_created_not_put():
    change = route53.publication(SPF, Standing(), overwrite=False)
    assert change["Action"] == "CREATE"
    assert change["ResourceRecordSet"] == {
        "Name": "bounce.example.com",
        "Type": "TXT",
        "TTL": route53.TTL,
        "ResourceRecords": [{"Value": '"v=spf1 include:amazonses.com ~all"'}],
    }


FOREIGN = [
    (CNAME, ("other.example.com",), ["tok.dkim.amazonses.com"]),
    (MX, ("10 mx.example.net",), ["10 feedback-smtp.eu-west-1.amazonses.com"]),
    (SPF, ('"v=spf1 -all"', '"x"'), ['"x"', '"v=spf1 include:amazonses.com ~all"']),
    (DKIM, ('"v=DKIM1; p=BBBB"',), ['"v=DKIM1; k=rsa; p=AAAA"']),
]


@pytest.mark.parametrize(("record", "values", "overwritten"), FOREIGN)
def test_a_foreign_record_is_overwritten_only_if_asked(record, values, overwritten):
    now = holding(record, *values)
    with pytest.raises(GatepostError, match=f"^publish_dns: {record.title} is .* not ours"):
        route53.publication(record, now, overwrite=False)
    change = route53.publication(record, now, overwrite=True)
    assert change["Action"] == "UPSERT"
    assert change["ResourceRecordSet"]["TTL"] == 60
    found = [each["Value"] for each in change["ResourceRecordSet"]["ResourceRecords"]]
    assert found == overwritten


def test_other_texts_stay_beside_ours():
    now = holding(SPF, '"google-site-verification=x"')
    change = route53.publication(SPF, now, overwrite=False)
    values = [each["Value"] for each in change["ResourceRecordSet"]["ResourceRecords"]]
    assert values == ['"google-site-verification=x"', '"v=spf1 include:amazonses.com ~all"']
    there = holding(SPF, *values)
    back = route53.withdrawal(SPF, there)
    assert back["Action"] == "UPSERT"
    assert back["ResourceRecordSet"]["ResourceRecords"] == [
        {"Value": '"google-site-verification=x"'}
    ]


@pytest.mark.parametrize("special", [{"SetIdentifier": "a"}, {"AliasTarget": {}}])
def test_a_set_with_a_policy_is_never_overwritten(special):
    now = holding(MX, "10 mx.example.net", **special)
    with pytest.raises(GatepostError) as raised:
        route53.publication(MX, now, overwrite=True)
    assert "overwrite_dns" not in str(raised.value)


def test_a_removal_tells_the_set_as_it_stands():
    now = holding(CNAME, "TOK.dkim.amazonses.com.", ttl=7)
    change = route53.withdrawal(CNAME, now)
    assert change == {"Action": "DELETE", "ResourceRecordSet": now.found}
    assert change["ResourceRecordSet"]["TTL"] == 7
    assert route53.withdrawal(CNAME, holding(CNAME, "other.example.com")) is None
    assert route53.withdrawal(CNAME, Standing()) is None


def test_long_texts_come_back_as_they_were():
    choose = random.Random(2)
    for length in (0, 1, 254, 255, 256, 511, 800):
        text = "".join(choose.choices('ab "\\;', k=length))
        record = Record("TXT", "x.example.com", text)
        spelled = route53.quoted(text)
        assert holding(record, spelled).values == (text,)


ZONES = [Zone("A", "example.com"), Zone("B", "mail.example.com"), Zone("C", "example.net")]


def test_the_nearest_zone_holds_the_domain():
    assert route53.zone_of("example.com", ZONES).id == "A"
    assert route53.zone_of("x.mail.example.com", ZONES).id == "B"
    assert route53.zone_of("x.example.com", ZONES, "C").id == "C"
    with pytest.raises(Missing, match=r"^publish_dns: there is no public hosted zone"):
        route53.zone_of("notexample.com", ZONES)
    with pytest.raises(Missing, match=r"^hosted_zone_id: "):
        route53.zone_of("example.com", ZONES, "Z")
    with pytest.raises(Ambiguous, match="A, D"):
        route53.zone_of("example.com", [*ZONES, Zone("D", "example.com")])
