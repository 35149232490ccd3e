"""The running emulators for this folder's tests."""

from microsoft_world import running, world

__all__ = ["running", "world"]
