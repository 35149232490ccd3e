#!/usr/bin/env python3
"""A client that never stops: load NAME MX [MX …]. One message after the other, four at a time, each
to the first MX that takes it, as an MTA would. Ids that got 250 go to /srv/NAME.accepted, ids that
no MX took to /srv/NAME.refused, with the reason."""

import random
import smtplib
import sys
import threading
import time

NAME, *EXCHANGERS = sys.argv[1:]
LOCK = threading.Lock()


def note(kind: str, line: str) -> None:
    with LOCK, open(f"/srv/{NAME}.{kind}", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def send(exchanger: str, text: bytes) -> None:
    with smtplib.SMTP(exchanger, 25, "client.example.org", timeout=30) as client:
        client.sendmail("someone@gmail.com", ["abc@example.com"], text)


def run(thread: int) -> None:
    number = 0
    while True:
        number += 1
        name = f"{NAME}-{thread}-{number}@gmail.com"
        text = (
            f"From: someone@gmail.com\r\nTo: abc@example.com\r\nSubject: load\r\n"
            f"Message-ID: <{name}>\r\n\r\n{(70 * 'x' + chr(13) + chr(10)) * random.randint(1, 60)}"
        ).encode()
        reasons = []
        for exchanger in random.sample(EXCHANGERS, len(EXCHANGERS)):
            try:
                send(exchanger, text)
            except (OSError, smtplib.SMTPException) as error:
                reasons.append(f"{exchanger}: {error!r}")
            else:
                note("accepted", name)
                break
        else:
            note("refused", f"{name} {'; '.join(reasons)}")
        time.sleep(0.2)


for each in range(4):
    threading.Thread(target=run, args=(each,)).start()
