# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that the modules of Mail Manager's resources share."""

from __future__ import annotations


class ModuleDocFragment:
    # Of what has a name and an id.
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the resource, C(RelayName), C(RuleSetName) and so on in the API. It is what finds
        it, unless O(id) is set.
      - Several resources of one name are an error that lists their ids.
      - One of O(name) and O(id) is needed.
    type: str
  id:
    description:
      - Id of an existing resource, C(RelayId), C(RuleSetId) and so on in the API. With another
        O(name) than it has, it is renamed, where the API can.
    type: str
  state:
    description:
      - Whether the resource is to be there.
    type: str
    choices: [present, absent]
    default: present
  force:
    description:
      - Delete the resource although another one of Mail Manager still names it.
      - Without it the module fails, saying which do. The service may refuse the deletion even so.
    type: bool
    default: false
notes:
  - Where a reference to another resource is asked for, its name, its id or its ARN can be given.
    Names are resolved before anything is compared, and are what diffs show.
  - A name that does not exist yet is a warning in check mode, because an earlier task of the same
    run may be going to create it, and an error in a run.
  - Documents may be written in snake_case or as the API spells them. A value of another type than
    the API's is an error that names its place, never converted.
"""

    # Of the _info modules.
    INFO = r"""
options:
  name:
    description:
      - Return only the resource of this name.
    type: str
  id:
    description:
      - Return only the resource of this id.
    type: str
"""

    # Of what takes time.
    WAIT = r"""
options:
  wait:
    description:
      - Whether to wait until the resource is as it should be.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait at most, in seconds.
    type: int
    default: 600
"""
