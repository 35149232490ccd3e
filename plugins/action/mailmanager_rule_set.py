# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate of mailmanager_rule_set: its option C(tests), which is carried out on the controller.

Promises: without C(tests) the module runs as any does. With it the module first predicts the rule
set that would be; C(gatepost policy test), of the distribution that the collection carries, judges
the prediction; only if no case fails does the module run. The module never sees the option.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash
from ansible_collections.gatepost.mail.plugins.module_utils import policy_gate

DISTRIBUTION = Path(__file__).resolve().parents[2] / "roles/relay/files/gatepost/src"


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        tests = _validated(arguments.pop("tests", None))
        wrap_async = bool(self._task.async_val and not self._connection.has_native_async)
        try:
            if tests is not None:
                if arguments.get("state", "present") != "present":
                    raise AnsibleActionFail("tests: go with state=present")
                predicted = self._module(arguments, task_vars, check_mode=True)
                if predicted.get("failed"):
                    return merge_hash(result, predicted)
                result |= self._judged(tests, predicted)
                if result.get("failed") or self._task.check_mode:
                    return _joined(result, predicted)
            done = self._module(arguments, task_vars, self._task.check_mode, wrap_async)
            return _joined(result, done)
        finally:
            if not wrap_async:
                self._remove_tmp_path(self._connection._shell.tmpdir)

    def _module(
        self,
        arguments: Mapping[str, Any],
        task_vars: dict[str, Any] | None,
        check_mode: bool,
        wrap_async: bool = False,
    ) -> dict[str, Any]:
        asked = self._task.check_mode
        self._task.check_mode = check_mode
        try:
            made: dict[str, Any] = self._execute_module(
                module_args=dict(arguments), task_vars=task_vars, wrap_async=wrap_async
            )
            return made
        finally:
            self._task.check_mode = asked

    def _judged(self, tests: Mapping[str, Any], predicted: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the result that the tests make."""
        before = predicted["diff"]["before"]
        with tempfile.TemporaryDirectory(prefix="gatepost-") as directory:
            new = _written(directory, "new.json", policy_gate.document(predicted["rule_set"]))
            question = [
                "--new",
                new,
                *(self._find_needle("files", each) for each in tests["cases"]),
            ]
            if tests["traffic_policy"] is not None:
                policy = _written(directory, "policy.json", tests["traffic_policy"])
                question += ["--traffic-policy", policy]
            if tests["samples"] is not None and before:
                old = _written(directory, "old.json", policy_gate.document(before))
                question += ["--old", old, "--samples"]
                question.append(self._find_needle("files", tests["samples"]))
                question += ["--same"] * tests["same"]
                for name in ("source_ip", "helo"):
                    if (told := tests[f"samples_{name}"]) is not None:
                        question += [f"--{name.replace('_', '-')}", told]
            elif not tests["cases"]:
                return {}  # There is no version before, and no case: nothing to judge.
            answer = _asked([*question, "--json"])
            found = policy_gate.summary(json.loads(answer.stdout))
            shown: dict[str, Any] = {"policy_tests": found}
            if found.get("different"):
                shown["diff"] = [{"prepared": _asked(question).stdout}]
        if answer.returncode == 1:
            return {**shown, "failed": True, "msg": policy_gate.refusal(found)}
        if told := policy_gate.notice(found):
            shown["warnings"] = [told]
        return shown


def _validated(tests: object) -> dict[str, Any] | None:
    if tests is None:
        return None
    checked = ArgumentSpecValidator({"tests": policy_gate.SPEC}).validate({"tests": tests})
    if checked.unsupported_parameters:
        unknown = sorted(".".join(each) for each in checked.unsupported_parameters)
        known = ", ".join(policy_gate.SPEC["options"])
        raise AnsibleActionFail(f"{', '.join(unknown)}: not an option of tests; it has {known}")
    if checked.error_messages:
        raise AnsibleActionFail("; ".join(checked.error_messages))
    options: dict[str, Any] = checked.validated_parameters["tests"]
    if not options["cases"] and options["samples"] is None:
        raise AnsibleActionFail("tests: name cases, samples or both")
    if options["same"] and options["samples"] is None:
        raise AnsibleActionFail("tests: same goes with samples")
    return options


def _written(directory: str, name: str, document: Mapping[str, Any]) -> str:
    file = Path(directory, name)
    file.write_text(json.dumps(document), "utf-8")
    return str(file)


def _asked(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """`gatepost policy test`, by the Python that runs Ansible. Raises AnsibleActionFail when an
    input is wrong."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "gatepost.cli.main", "policy", "test", *arguments],
        env={**os.environ, "PYTHONPATH": str(DISTRIBUTION), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise AnsibleActionFail(f"tests: {done.stderr.strip()}")
    return done


def _joined(judged: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    """The module's result and the tests'. A refusal changed nothing."""
    if judged.get("failed"):
        return {**done, **judged, "changed": False}
    made: dict[str, Any] = merge_hash(done, judged)
    made["diff"] = [*_listed(done.get("diff")), *_listed(judged.get("diff"))]
    made["warnings"] = [*done.get("warnings", ()), *judged.get("warnings", ())]
    return made


def _listed(diff: Any) -> list[Any]:
    if not diff:
        return []
    return diff if isinstance(diff, list) else [diff]
