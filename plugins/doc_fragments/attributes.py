# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules promise to do in check mode, in diffs and when run again."""

from __future__ import annotations


class ModuleDocFragment:
    # Of modules that change something.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Predicts what a run would change, after the same validation, and changes nothing.
  diff_mode:
    support: full
    description: Shows the resource before and after; never a secret.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
"""

    # Of modules that read only.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Reads only, so that check mode makes no difference.
  diff_mode:
    support: N/A
    description: Changes nothing, so that there is nothing to show.
  idempotent:
    support: full
    description: Changes nothing.
"""
