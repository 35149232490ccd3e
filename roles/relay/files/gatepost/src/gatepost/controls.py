"""What no line may hold that is shown, sent on or stored: the control characters (C0, DEL, C1), and
the separators U+2028 and U+2029, which some readers take for line ends."""

from __future__ import annotations

import re
from typing import Final

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def has_control(text: str) -> bool:
    """What Python calls printable has none of them, and is found at a tenth of the search's
    cost."""
    return not text.isprintable() and CONTROL.search(text) is not None
