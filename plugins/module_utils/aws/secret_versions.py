# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which version of a secret bears which staging label, and what a run changes in that. Pure.

Mail Manager reads AWSCURRENT; of an ingress point's secret it takes AWSPREVIOUS as well. A value is
written once: where it stands as AWSPENDING already it only gets the label, so that a rotation which
was interrupted goes on, and never pushes the old value out of AWSPREVIOUS.
Source: Secrets Manager user guide, "Secret versions"; SES developer guide, "Ingress endpoints".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.gatepost.mail.plugins.module_utils.aws.secretsmanager import (
    CURRENT,
    PENDING,
    PREVIOUS,
)

NEW = "(new)"
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Moves:
    """What is to be done, in this order.

    put: the label under which a new version is written, "" for none. promote: AWSPENDING's version
    gets AWSCURRENT. take: labels that are taken away afterwards. after: the labels then, NEW for a
    version that has no id yet.
    """

    after: Labels
    put: str = ""
    promote: bool = False
    take: tuple[str, ...] = ()


def moves(
    labels: Labels,
    *,
    write: bool,
    current_fits: bool = False,
    pending_fits: bool = False,
    stage: str = CURRENT,
    retire: bool = False,
) -> Moves:
    """Decide. labels: what is now, of a secret that exists.

    write: whether a value is wanted at all. current_fits, pending_fits: whether it is what the
    version of that label holds. stage: the label that the value should bear at least.
    retire: take AWSPREVIOUS away.
    """
    put, promote = "", False
    if write and not current_fits:
        if stage == PENDING:
            put = "" if pending_fits else PENDING
        elif pending_fits:
            promote = True
        else:
            put = CURRENT
    after = dict(labels)
    if promote or put == CURRENT:
        if CURRENT in labels:
            after[PREVIOUS] = labels[CURRENT]
        after[CURRENT] = labels[PENDING] if promote else NEW
    elif put == PENDING:
        after[PENDING] = NEW
    take = []
    # What is current is pending no longer; a run that was cut off may have left the label.
    if write and stage == CURRENT and after.get(PENDING) == after.get(CURRENT, ""):
        take.append(PENDING)
    if retire and PREVIOUS in after:
        take.append(PREVIOUS)
    kept = {label: version for label, version in after.items() if label not in take}
    return Moves(kept, put, promote, tuple(take))
