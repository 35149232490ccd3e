"""Postfix of Debian: a plain relay host. Connection cache on, five deliveries at once to the sink
(the best of 5, 10, 20 and 50), no limits, no DNS, no log."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.bench import debian
from tests.bench.peers import Server
from tests.bench.tree import Tree

MAIN = """compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.example
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 200
in_flow_delay = 0
initial_destination_concurrency = 5
default_destination_concurrency_limit = 5
smtp_connection_cache_on_demand = yes
smtp_connection_cache_destinations = 127.0.0.1
smtp_connection_reuse_count_limit = 0
message_size_limit = 60000000
mailbox_size_limit = 0
qmgr_message_active_limit = 20000
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
"""


class Postfix(Server):
    name = "Postfix"

    def prepare(self) -> None:
        self._root = debian.root("postfix")

    def version(self) -> str:
        return debian.version(self._root, "postfix")

    def settings(self) -> str:
        return f"main.cf\n{MAIN}\nmaster.cf\n{MASTER}"

    def launch(self, directory: Path, sink: int) -> Tree:
        etc, spool, data = (directory / each for each in ("etc", "spool", "data"))
        shutil.copytree(self._root / "etc/postfix", etc, symlinks=True)
        (etc / "main.cf").write_text(MAIN.format(sink=sink))
        (etc / "master.cf").write_text(MASTER.format(port=self.port))
        spool.mkdir()
        data.mkdir()
        os.chown(data, *debian.owner(self._root, "postfix"))
        binds = {etc: "/etc/postfix", spool: "/var/spool/postfix", data: "/var/lib/postfix"}
        inside = ["sh", "-c", "postfix set-permissions 2>/dev/null; exec postfix start-fg"]
        return Tree(debian.command(self._root, binds, inside), directory / "log")
