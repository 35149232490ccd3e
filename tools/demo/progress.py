"""Lines on the terminal while the demo works, and the checks that it makes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Progress:
    """checks: as result.json wants them. parts: (title, seconds from the start)."""

    began: float = field(default_factory=time.monotonic)
    checks: list[dict[str, str]] = field(default_factory=list)
    parts: list[tuple[str, float]] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    """what no artifact may hold"""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def part(self, title: str) -> None:
        self.parts.append((title, self.seconds))
        self.tell(f"\n== {title}")

    def tell(self, text: str) -> None:
        for line in text.splitlines():
            print(f"{self.seconds:6.1f}s  {line}" if line else "", flush=True)

    def check(self, name: str, passed: object, detail: str = "") -> bool:
        """Record a check; its detail never shows a secret."""
        for secret in self.secrets:
            detail = detail.replace(secret, "[secret]")
        status = "passed" if passed else "failed"
        self.checks.append({"name": name, "status": status, "detail": detail})
        self.tell(f"{'ok  ' if passed else 'FAIL'} {name}" + (f": {detail}" if not passed else ""))
        return bool(passed)

    def result(self) -> dict[str, Any]:
        """The content of result.json."""
        passed = sum(check["status"] == "passed" for check in self.checks)
        return {"checks": self.checks, "passed": passed, "failed": len(self.checks) - passed}
