"""A message through Microsoft's MX."""

import smtplib
import ssl

MESSAGE = (
    b"Received: from mail.gmail.com (mail.gmail.com [209.85.220.41])\r\n"
    b"\tby mx1.example.net with ESMTPS id 1; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
    b"From: Bob <bob@gmail.com>\r\nMessage-ID: <m1@gmail.com>\r\nSubject: hi\r\n\r\nbody\r\n"
)


def send(world, server="microsoft", *, tls=True, rcpt=("Jane@acme.com",), message=MESSAGE):
    with smtplib.SMTP(*world.smtp(server), timeout=10) as client:
        client._host = "acme-com.mail.protection.outlook.com"
        client.ehlo("mx1.example.net")
        if tls:
            client.starttls(context=ssl.create_default_context(cafile=world.info["ca"]))
            client.ehlo("mx1.example.net")
        return client.sendmail("bob@gmail.com", list(rcpt), message)
