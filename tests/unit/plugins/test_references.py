"""A name, an id or an ARN; and the zone in which a record belongs."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import RELAY, Named
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import resolve
from ansible_collections.gatepost.mail.plugins.module_utils.aws.route53 import Zone, zone_of
from ansible_collections.gatepost.mail.plugins.module_utils.errors import Ambiguous, Missing

LISTED = [Named("r-1", "one"), Named("r-2", "two"), Named("r-3", "two"), Named("r-4", "r-1")]
ARN = "arn:aws:ses:eu-west-1:123456789012:mailmanager-smtp-relay/"


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("one", "r-1"),
        ("r-2", "r-2"),
        (ARN + "r-3", "r-3"),
        (ARN + "one", None),
        ("r-1", "r-1"),
        ("three", None),
    ],
)
def test_resolve(reference, found):
    named = resolve(RELAY, reference, LISTED)
    assert (named.id if named else None) == found


def test_ambiguous_names_list_their_ids():
    with pytest.raises(Ambiguous, match=r"several relays are named two: r-2, r-3"):
        resolve(RELAY, "two", LISTED)


ZONES = [Zone("Z1", "example.com"), Zone("Z2", "mail.example.com"), Zone("Z3", "twice.org")]


@pytest.mark.parametrize(
    ("domain", "zone"),
    [("example.com", "Z1"), ("a.mail.example.com", "Z2"), ("xmail.example.com", "Z1")],
)
def test_the_nearest_zone(domain, zone):
    assert zone_of(domain, ZONES).id == zone


def test_no_zone_and_several():
    with pytest.raises(Missing, match=r"no public hosted zone for notexample\.com"):
        zone_of("notexample.com", ZONES)
    twice = [*ZONES, Zone("Z4", "twice.org")]
    with pytest.raises(Ambiguous, match="Z3, Z4"):
        zone_of("twice.org", twice)
    assert zone_of("twice.org", twice, "Z4").id == "Z4"
