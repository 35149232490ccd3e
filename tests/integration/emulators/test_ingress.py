"""The way of a message through an emulated ingress point: DNS, gatepostd on the stored documents,
and the provider's MX behind it."""

import smtplib
import ssl

import dns.resolver
import pytest

RANGE = "206.55.129.0/24"
MESSAGE = b"From: Bob <bob@gmail.com>\r\nMessage-ID: <m1@gmail.com>\r\nSubject: hi\r\n\r\nbody\r\n"


class Gateway:
    """Mail Manager's objects of one domain, made by the API."""

    def __init__(self, world, server, domain="acme.com"):
        self.manager = world.client("mailmanager")
        relay = self.manager.create_relay(
            RelayName="out",
            ServerName=server,
            ServerPort=25,
            Authentication={"NoAuthentication": {}},
        )
        self.rules = self.manager.create_rule_set(
            RuleSetName="main",
            Rules=[{"Name": "all", "Actions": [{"Relay": {"Relay": relay["RelayId"]}}]}],
        )["RuleSetId"]
        self.policy = self.manager.create_traffic_policy(
            TrafficPolicyName="edge", DefaultAction="ALLOW", PolicyStatements=[]
        )["TrafficPolicyId"]
        self.point = self.manager.create_ingress_point(
            IngressPointName="edge",
            Type="OPEN",
            RuleSetId=self.rules,
            TrafficPolicyId=self.policy,
            TlsPolicy="OPTIONAL",
        )["IngressPointId"]
        self.a_record = self.manager.get_ingress_point(IngressPointId=self.point)["ARecord"]
        verify(world, domain)


def verify(world, domain):
    """Make the domain a verified identity, by its DKIM records in Route 53."""
    route53, ses = world.client("route53"), world.client("sesv2")
    zone = route53.create_hosted_zone(Name=domain, CallerReference=domain)["HostedZone"]["Id"]
    tokens = ses.create_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": f"{token}._domainkey.{domain}",
                "Type": "CNAME",
                "TTL": 60,
                "ResourceRecords": [{"Value": f"{token}.dkim.amazonses.com"}],
            },
        }
        for token in tokens
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})


def address(world, name):
    host, _, port = world.info["dns"].rpartition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    return resolver.resolve(name, "A")[0].to_text()


def send(world, name, rcpt="jane@acme.com", message=MESSAGE):
    where = address(world, name), world.info["ingress_port"]
    with smtplib.SMTP(*where, local_hostname="mail.gmail.com", timeout=90) as client:
        client._host = name
        client.starttls(context=ssl.create_default_context(cafile=world.info["ca"]))
        client.sendmail("bob@gmail.com", [rcpt], message)


def delivered(world, server):
    """The deliveries, once there is one."""
    return world.control("GET", f"/mail?server={server}&wait=30")["mail"]


def test_mail_for_microsoft_takes_the_whole_way(world):
    gateway = Gateway(world, "acme-com.mail.protection.outlook.com")
    world.control("POST", "/ingress", {"client": "209.85.220.41"})
    cmdlet = {
        "CmdletName": "New-InboundConnector",
        "Parameters": {
            "Name": "Gateway",
            "SenderDomains": "*",
            "SenderIPAddresses": [RANGE],
            "RequireTls": True,
            "EFSkipLastIP": True,
        },
    }
    world.control("POST", "/exchange/cmdlet", cmdlet)
    send(world, gateway.a_record)
    (mail,) = delivered(world, "microsoft")
    assert (mail["peer"], mail["tls"]) == ("206.55.129.10", "TLS1_3")
    assert "X-MS-Exchange-SkipListedInternetSender: ip=[209.85.220.41]" in mail["raw"]
    (shown,) = world.control("GET", "/ingress")["ingress_points"]
    assert (shown["name"], shown["running"], shown["error"]) == ("edge", True, "")


def test_what_is_stored_now_is_what_runs(world):
    gateway = Gateway(world, "aspmx.l.google.com", "example.com")
    send(world, gateway.a_record, "jane@example.com")
    delivered(world, "google")
    gateway.manager.update_rule_set(
        RuleSetId=gateway.rules, Rules=[{"Name": "drop", "Actions": [{"Drop": {}}]}]
    )
    send(world, gateway.a_record, "joe@example.com")
    gateway.manager.update_traffic_policy(
        TrafficPolicyId=gateway.policy, DefaultAction="DENY", PolicyStatements=[]
    )
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(world, gateway.a_record, "jim@example.com")
    assert len(delivered(world, "google")) == 1


def test_a_relay_with_a_secret_signs_in_at_exchange(world):
    gateway = Gateway(world, "exchange.example.net", "example.com")
    secret = store_secret(world)
    (relay,) = gateway.manager.list_relays()["Relays"]
    gateway.manager.update_relay(
        RelayId=relay["RelayId"], ServerPort=587, Authentication={"SecretArn": secret}
    )
    send(world, gateway.a_record, "jane@example.com")
    (mail,) = delivered(world, "exchange")
    assert mail["username"] == world.info["env"]["GATEPOST_EXCHANGE_USERNAME"]


def store_secret(world):
    """A secret of the relay, with the key and the policies that Mail Manager wants."""
    import json

    env, account = world.info["env"], "123456789012"
    source = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ses:us-east-1:{account}:mailmanager-smtp-relay/*"},
    }
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    service = {"Service": "ses.amazonaws.com"}
    key_policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
            {
                "Effect": "Allow",
                "Principal": service,
                "Action": ["kms:Decrypt", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        **source["StringEquals"],
                        "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com",
                    },
                    "ArnLike": source["ArnLike"],
                },
            },
        ],
    }
    key = world.client("kms").create_key(Policy=json.dumps(key_policy))["KeyMetadata"]["Arn"]
    secrets = world.client("secretsmanager")
    value = {
        "username": env["GATEPOST_EXCHANGE_USERNAME"],
        "password": env["GATEPOST_EXCHANGE_PASSWORD"],
    }
    arn = secrets.create_secret(Name="relay", KmsKeyId=key, SecretString=json.dumps(value))["ARN"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": service,
                "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                "Resource": "*",
                "Condition": source,
            }
        ],
    }
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=json.dumps(policy))
    return arn


def test_what_does_not_run_is_said_in_smtp(world):
    gateway = Gateway(world, "acme-com.mail.protection.outlook.com")
    gateway.manager.update_ingress_point(IngressPointId=gateway.point, StatusToUpdate="CLOSED")
    where = address(world, gateway.a_record), world.info["ingress_port"]
    with pytest.raises(smtplib.SMTPConnectError, match="CLOSED"):
        smtplib.SMTP(*where, timeout=60)
    (shown,) = world.control("GET", "/ingress")["ingress_points"]
    assert "CLOSED" in shown["error"]


def test_a_name_leads_somewhere_while_its_ingress_point_exists(world):
    gateway = Gateway(world, "acme-com.mail.protection.outlook.com")
    assert address(world, gateway.a_record).startswith("127.0.1.")
    other = gateway.a_record.replace("inp-", "inp-x")
    with pytest.raises(dns.resolver.NXDOMAIN):
        address(world, other)
    gateway.manager.delete_ingress_point(IngressPointId=gateway.point)
    world.control("POST", "/clock", {"advance": 1})
    with pytest.raises(dns.resolver.NXDOMAIN):
        address(world, gateway.a_record)
