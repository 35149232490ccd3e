"""A connection to a container that costs one `podman exec` a task.

The connection of containers.podman does not pipeline: each module is copied into the container,
made executable, run and removed, five commands for one. Here the module goes through standard
input, as over ssh with pipelining.
"""

from __future__ import annotations

import shlex
import subprocess

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import ConnectionBase, ensure_connect

DOCUMENTATION = """
name: podman_exec
short_description: Enter a container with one podman exec a task
description: Runs each command by C(podman exec) and copies files by C(podman cp).
author: Gatepost developers
extends_documentation_fragment: [connection_pipelining]
options:
  remote_addr:
    description: The container's name.
    vars:
      - name: inventory_hostname
      - name: ansible_host
"""


class Connection(ConnectionBase):
    """Raises AnsibleConnectionFailure when the container does not run, AnsibleError when a file
    cannot be copied."""

    transport = "podman_exec"
    has_pipelining = True

    def _connect(self):
        self._connected = True
        return self

    def _podman(self, *arguments, stdin=None):
        done = subprocess.run(["podman", *arguments], input=stdin, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    @ensure_connect
    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        container = self.get_option("remote_addr")
        status, out, err = self._podman(
            "exec", "--interactive", container, *shlex.split(cmd), stdin=in_data or b""
        )
        # Podman's own failure to enter, apart from a command's.
        if status == 125:
            raise AnsibleConnectionFailure(f"{container}: {err.decode(errors='replace').strip()}")
        return status, out, err

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        self._copy(in_path, f"{self.get_option('remote_addr')}:{out_path}")

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        self._copy(f"{self.get_option('remote_addr')}:{in_path}", out_path)

    def _copy(self, source, target):
        # Without a pause: a stopped clock is not what the hosts are tested for.
        status, _out, err = self._podman("cp", "--pause=false", source, target)
        if status:
            reason = err.decode(errors="replace").strip()
            raise AnsibleError(f"podman cp {source} {target}: {reason}")

    def close(self):
        self._connected = False
