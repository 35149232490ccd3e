"""Certificates as attributes of the API."""

from gatepost.smtp.tls import certificate

PEER = {
    "subject": ((("countryName", "NO"),), (("commonName", "edge"), ("commonName", "second"))),
    "serialNumber": "0A1B",
    "subjectAltName": (
        ("DNS", "edge.example"),
        ("DNS", "mx.example"),
        ("email", "edge@example.org"),
        ("IP Address", "192.0.2.1"),
        ("URI", "spiffe://edge"),
        ("Registered ID", "1.2.3"),
        ("DirName", ((("countryName", "NO"),), (("commonName", "edge"),))),
        ("othername", "<unsupported>"),
    ),
}


def test_every_attribute_has_its_values() -> None:
    assert certificate(PEER) == {
        "CN": ("edge", "second"),
        "SERIAL_NUMBER": ("0A1B",),
        "SAN_DNS_NAME": ("edge.example", "mx.example"),
        "SAN_RFC822_NAME": ("edge@example.org",),
        "SAN_IP_ADDRESS": ("192.0.2.1",),
        "SAN_UNIFORM_RESOURCE_IDENTIFIER": ("spiffe://edge",),
        "SAN_REGISTERED_ID": ("1.2.3",),
        "SAN_DIRECTORY_NAME": ("countryName=NO, commonName=edge",),
    }


def test_without_a_certificate_there_is_none() -> None:
    assert certificate(None) == certificate({}) == {}
