"""Messages as Microsoft 365 stores them, built field by field."""

GATEWAYS = ["206.55.133.0/24"]
CONNECTING, ORIGIN = "206.55.133.10", "198.51.100.7"

INSIDE = (
    "from DB9PR02MB1.eurprd02.prod.outlook.com (2603:10a6::1) by "
    "AM0PR02MB2.eurprd02.prod.outlook.com with HTTPS; Tue, 24 Nov 2026 08:00:03 +0000"
)


def entry(address=CONNECTING, tls="version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384"):
    with_ = f" with Microsoft SMTP Server ({tls})" if tls else " with Microsoft SMTP Server"
    return (
        f"from mail.gateway.example ({address}) by "
        f"DB5EUR01FT020.mail.protection.outlook.com (10.152.4.246){with_} id 15.20; "
        "Tue, 24 Nov 2026 08:00:02 +0000"
    )


def message(*, received=None, **fields):
    """A raw message. fields: other header fields, with _ for -; None leaves one out."""
    standard = {
        "X-MS-Exchange-SkipListedInternetSender": f"ip=[{ORIGIN}];domain=sender.example",
        "X-MS-Exchange-ExternalOriginalInternetSender": f"ip=[{ORIGIN}];domain=sender.example",
        "X-Forefront-Antispam-Report": f"CIP:{ORIGIN};CTRY:DE;LANG:en;SCL:-1;IPV:CAL;SFV:SKN;",
        "Authentication-Results": "spf=pass (sender IP is 198.51.100.7) smtp.mailfrom=a@b.example",
    }
    standard |= {name.replace("_", "-"): value for name, value in fields.items()}
    lines = [f"Received: {one}" for one in received or [INSIDE, entry()]]
    lines += [f"{name}: {value}" for name, value in standard.items() if value is not None]
    lines += [f"Received: from client.example by mail.gateway.example with ESMTP; {DATE}"]
    return ("\r\n".join([*lines, "Subject: probe", "", "body", ""])).encode()


DATE = "Tue, 24 Nov 2026 08:00:00 +0000"
