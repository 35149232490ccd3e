"""A private instance of Debian's Postfix, and of its smtp-sink, as next hops on loopback.

The instance keeps everything in a directory of its own. What is missing on the machine fails the
test with the name of the package.
"""

from __future__ import annotations

import base64
import os
import pwd
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from emulators.ports import free_port

DOMAIN = "postfix.example"
PROGRAMS = Path("/usr/lib/postfix/sbin")


def needed(program: str, package: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert found, f"{program} is missing: install the Debian package {package}"
    return found


def wait_for(true: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what}: waited for in vain"
        time.sleep(0.02)
    return value


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            return sock.recv(3) == b"220"
    except OSError:
        return False


MAIN = """
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {root}/data
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
myhostname = next.{domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {root}/log
maillog_file_prefixes = {root}
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_mailbox_limit = 0
message_size_limit = 20000000
line_length_limit = 2048
refusals = check_recipient_access inline:{{
    {{ refused@{domain} = 550 5.1.1 no such user }}
    {{ busy@{domain} = 450 4.2.1 try later }} }}
smtpd_recipient_restrictions = $refusals, permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtputf8_enable = yes
local_header_rewrite_clients =
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_security_options = noanonymous
"""

MASTER = """
127.0.0.1:{plain} inet n - n - - smtpd
127.0.0.1:{stepwise} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=pipelining,chunking
127.0.0.1:{bare} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=pipelining,chunking,8bitmime,dsn,smtputf8,size,enhancedstatuscodes
127.0.0.1:{tls} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_path=inet:127.0.0.1:{sasl}
  -o smtpd_recipient_restrictions=$refusals,permit_sasl_authenticated,reject
127.0.0.1:{login} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_path=inet:127.0.0.1:{sasl_login}
  -o smtpd_recipient_restrictions=$refusals,permit_sasl_authenticated,reject
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
proxymap  unix - - n - - proxymap
tlsmgr    unix - - n 1000? 1 tlsmgr
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Takes all mail for `DOMAIN`, but for refused@ and busy@. ports: by kind of listener, "plain",
    "stepwise" (no PIPELINING), "bare" (no extension at all), "tls" (TLS and AUTH PLAIN LOGIN
    demanded), "login" (the same with LOGIN alone)."""

    def __init__(self, certificate: Path, key: Path, users: dict[str, str]) -> None:
        needed("postfix", "postfix")
        assert os.geteuid() == 0, "a private Postfix needs root: run this part as root"
        self.root = Path(tempfile.mkdtemp(prefix="gatepost-postfix-"))
        self.root.chmod(0o755)
        self.users = users
        self._seen: set[str] = set()
        self._sasl = Sasl(users, ("PLAIN", "LOGIN"))
        self._sasl_login = Sasl(users, ("LOGIN",))
        kinds = ("plain", "stepwise", "bare", "tls", "login")
        self.ports = {kind: free_port() for kind in kinds}
        owner = pwd.getpwnam("postfix")
        for name in ("data", "mail", "mail/all"):
            (self.root / name).mkdir()
            os.chown(self.root / name, owner.pw_uid, owner.pw_gid)
        (self.root / "queue").mkdir()
        for source in (certificate, key):
            shutil.copy(source, self.root / source.name)
        self._write(
            "main.cf",
            MAIN,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            certificate=self.root / certificate.name,
            key=self.root / key.name,
        )
        self._write("master.cf", MASTER, sasl=self._sasl.port, sasl_login=self._sasl_login.port)

    def _write(self, name: str, template: str, **values: object) -> None:
        values |= {"root": self.root, "queue": self.root / "queue", "programs": PROGRAMS}
        text = template.format(domain=DOMAIN, **values, **self.ports)
        (self.root / name).write_text(text.lstrip())

    def __enter__(self) -> Postfix:
        try:
            self._command("start")
            for port in self.ports.values():
                wait_for(lambda port=port: answers(port), f"Postfix on port {port}")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def _command(self, word: str) -> None:
        done = subprocess.run(
            [needed("postfix", "postfix"), "-c", str(self.root), word],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"postfix {word}: {done.stdout}{done.stderr}{self.log()}"

    def _stop(self) -> None:
        pid = self.root / "queue" / "pid" / "master.pid"
        if pid.exists():
            self._command("stop")
        self._sasl.close()
        self._sasl_login.close()
        shutil.rmtree(self.root)

    def log(self) -> str:
        file = self.root / "log"
        return file.read_text(errors="replace")[-5000:] if file.exists() else ""

    def wait(self, count: int = 1) -> list[bytes]:
        """The next messages that arrive, lines ending in LF."""
        box = self.root / "mail" / "all" / "new"

        def fresh() -> list[Path]:
            found = (
                [it for it in box.glob("*") if it.name not in self._seen] if box.exists() else []
            )
            return found if len(found) >= count else []

        try:
            files = wait_for(fresh, f"{count} messages in the mailbox")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None
        self._seen.update(it.name for it in files)
        return [it.read_bytes() for it in files]


class Sasl(socketserver.ThreadingTCPServer):
    """The server side of Dovecot's authentication protocol, as much as Postfix asks for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, users: dict[str, str], mechanisms: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _SaslClient)
        self.users = users
        self.mechanisms = mechanisms
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _SaslClient(socketserver.StreamRequestHandler):
    server: Sasl

    def handle(self) -> None:
        mechanisms = [f"MECH\t{name}\tplaintext" for name in self.server.mechanisms]
        self.say("VERSION\t1\t2", *mechanisms, "SPID\t1", "CUID\t1", "COOKIE\t00", "DONE")
        names: dict[str, str | None] = {}
        for line in self.rfile:
            verb, *words = line.decode().rstrip("\n").split("\t")
            if verb == "AUTH":
                number, mechanism = words[:2]
                initial = next((it[5:] for it in words if it.startswith("resp=")), None)
                if mechanism == "PLAIN":
                    _, user, password = b64(initial).split("\0")
                    self.judge(number, user, password)
                elif initial is None:
                    names[number] = None
                    self.say(f"CONT\t{number}\tVXNlcm5hbWU6")
                else:
                    names[number] = b64(initial)
                    self.say(f"CONT\t{number}\tUGFzc3dvcmQ6")
            elif verb == "CONT":
                number, answer = words[0], b64(words[1])
                user_name = names[number]
                if user_name is None:
                    names[number] = answer
                    self.say(f"CONT\t{number}\tUGFzc3dvcmQ6")
                else:
                    self.judge(number, user_name, answer)

    def judge(self, number: str, user: str, password: str) -> None:
        right = self.server.users.get(user) == password
        self.say(f"OK\t{number}\tuser={user}" if right else f"FAIL\t{number}\tuser={user}")

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\n" for line in lines).encode())


def b64(text: str | None) -> str:
    return base64.b64decode(text or "").decode()


class Sink:
    """smtp-sink with the options given. wait: what it received, octet for octet but for LF."""

    def __init__(self, *options: str) -> None:
        self.program = needed("smtp-sink", "postfix")
        self.options = options
        self.port = free_port()
        self.root = Path(tempfile.mkdtemp(prefix="gatepost-sink-"))

    def __enter__(self) -> Sink:
        user: list[str] = []
        if os.geteuid() == 0:  # smtp-sink refuses to stay root
            user = ["-u", "postfix"]
            os.chown(self.root, pwd.getpwnam("postfix").pw_uid, -1)
        self.process = subprocess.Popen(
            [self.program, *user, "-d", "mail.", *self.options, f"127.0.0.1:{self.port}", "100"],
            cwd=self.root,
            stderr=subprocess.PIPE,
        )
        wait_for(self._listens, f"smtp-sink {' '.join(self.options)}")
        return self

    def _listens(self) -> bool:
        assert self.process.poll() is None, "smtp-sink ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        shutil.rmtree(self.root)

    def received(self) -> list[bytes]:
        return [it.read_bytes() for it in sorted(self.root.glob("mail.*"))]
