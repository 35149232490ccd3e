"""An MX in Route 53, moved to a gateway, on to the next one, and back; seen by real queries."""

import boto3
import pytest
from run_module import refused, run

MX, INFO = "mail_domain_mx", "mail_domain_info"
OLD = ["10 a.acme.com", "20 b.acme.com"]


@pytest.fixture
def zone(world):
    client = boto3.client("route53")
    made = client.create_hosted_zone(Name="acme.com", CallerReference="1")["HostedZone"]["Id"]

    def put(*values, ttl=3600):
        record = {
            "Name": "acme.com",
            "Type": "MX",
            "TTL": ttl,
            "ResourceRecords": [{"Value": one} for one in values],
        }
        change = {"Action": "UPSERT", "ResourceRecordSet": record}
        client.change_resource_record_sets(HostedZoneId=made, ChangeBatch={"Changes": [change]})

    put(*OLD)
    return put


def apply(world, **options):
    """Predict, run, run again."""
    predicted = run(MX, check=True, **options)
    assert not predicted.get("failed"), predicted
    done = run(MX, **options)
    assert not done.get("failed"), done
    assert done["diff"] == predicted["diff"]
    assert done["record"] == predicted["record"]
    world.control("DELETE", "/aws/calls")
    assert run(MX, **options)["changed"] is False
    assert world.control("GET", "/aws/calls")["writes"] == {}
    return done


def test_there_and_back(world, zone):
    host = {"domain": "acme.com", "hosts": ["mx1.example.net"]}
    done = apply(world, **host)
    assert done["changed"]
    assert done["record"]["previous"] == OLD
    seen = run(INFO, domain="acme.com", gateway_hosts=["mx1.example.net"])
    assert seen["points_at_gateway"] is True
    assert seen["mx"]["resolver"]["ttl"] == 300
    done = apply(world, domain="acme.com", hosts=["mx2.example.net", "mx1.example.net"])
    assert done["record"]["previous"] == OLD
    back = apply(world, domain="acme.com", state="restored")
    assert back["record"]["mx"] == OLD
    assert back["record"]["ttl"] == 3600
    assert back["record"]["previous"] is None
    assert run(INFO, domain="acme.com")["mx"]["resolver"]["mx"] == OLD


def test_a_domain_that_had_no_mx(world):
    boto3.client("route53").create_hosted_zone(Name="acme.com", CallerReference="1")
    apply(world, domain="acme.com", hosts=["mx1.example.net"])
    back = apply(world, domain="acme.com", state="restored")
    assert back["record"]["mx"] == []
    assert run(INFO, domain="acme.com")["mx"]["resolver"]["mx"] == []


def test_an_mx_that_somebody_else_moved_is_not_restored_over(world, zone):
    run(MX, domain="acme.com", hosts=["mx1.example.net"])
    zone("5 other.example.org")
    assert "somebody has moved it since" in refused(MX, domain="acme.com", state="restored")
    assert run(INFO, domain="acme.com")["mx"]["resolver"]["mx"] == ["5 other.example.org"]


def test_without_a_host_there_is_a_warning_first_and_then_an_error(world, zone):
    predicted = run(MX, check=True, domain="acme.com", hosts=[""])
    assert predicted["changed"] is True
    assert "no host that the MX could point at" in refused(MX, domain="acme.com", hosts=[""])


def test_a_domain_that_is_not_in_route_53(world):
    told = refused(MX, domain="example.org", hosts=["mx1.example.net"])
    assert "no public hosted zone for example.org" in told
