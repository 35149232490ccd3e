"""The running emulators for this folder's tests."""

from google_world import running, world

__all__ = ["running", "world"]
