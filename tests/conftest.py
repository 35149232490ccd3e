"""What all tests share: random tests judge results, never the time that a loaded machine takes."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("gatepost", deadline=None)
settings.load_profile("gatepost")
