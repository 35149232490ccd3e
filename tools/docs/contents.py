"""The order of the site: every document of docs/ stands in one chapter; `index` is README.md."""

from __future__ import annotations

from typing import Final

CHAPTERS: Final = (
    ("Gatepost", ("index", "page", "guarantees", "choices")),
    (
        "Onboarding",
        ("aws", "google-workspace", "microsoft-365", "dns", "runbooks", "verify-and-offboard"),
    ),
    ("Relay hosts", ("relay-hosts", "operations", "daemon")),
    ("Policies", ("policy", "policy-tests", "verdicts")),
    ("Inside the relay", ("smtp", "spool", "delivery", "actions")),
    ("Emulators", ("emulators", "emulators-microsoft", "emulators-mail")),
)
