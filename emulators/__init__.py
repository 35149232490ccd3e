"""The services around Gatepost, on loopback: strict, observable, and gone without a trace.

`python -m emulators` runs them in the foreground; tests run them in process:

    with emulators.running(only=["aws"]) as info:
        boto3.client("mailmanager", endpoint_url=info["aws"], ...)

Layers, each importing only those above it: clock, faults, maildrop and ca (plain values and files),
component (what an emulator is to the frame), control (the HTTP side door), frame (starts, announces
and stops everything), then the emulators: aws, google, login, exchange_online, graph,
mailboxes, ingress, dns.
"""

from emulators.frame import running

__all__ = ["running"]
