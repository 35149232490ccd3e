"""The actions beyond Relay and Send, by a real daemon: an archive and Maildirs on disk, S3 and SNS
as moto has them, Lambda as `lambda_endpoint` has it."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiosmtpd.controller import UnixSocketController
from aiosmtpd.lmtp import LMTP
from moto import settings
from moto.backends import get_backend
from moto.core.responses import ActionAuthenticatorMixin
from moto.server import ThreadedMotoServer

from emulators.ports import free_port
from tests.integration.daemon.lambda_endpoint import LambdaEndpoint
from tests.integration.daemon.mail import MESSAGE, send, without_trace
from tests.integration.daemon.running import Daemon, base_config
from tests.integration.daemon.sink import Sink

ACCOUNT = "123456789012"  # moto's own
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mail"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:mail"
MISSING = f"arn:aws:sns:{REGION}:{ACCOUNT}:missing"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "not shown"}

Make = Callable[[Mapping[str, Any]], Daemon]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto: str) -> Callable[[str], Any]:
    """Clients by service, of an account that holds nothing yet."""
    for service in ("s3", "sns", "sts", "iam"):
        get_backend(service).reset()

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=moto,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="test",
        )

    return client


def acting(
    sink: Sink, *actions: dict[str, Any], endpoint: str = "", **changes: Any
) -> dict[str, Any]:
    """A file whose one rule has these actions. bindings are added to the relay's."""
    config = base_config()
    config["rule_sets"][0]["Rules"][0]["Actions"] = list(actions)
    config["bindings"]["relays"]["next"]["address"] = sink.address
    config["bindings"].update(changes.pop("bindings", {}))
    if endpoint:
        services = dict.fromkeys(("s3", "sns", "sts", "lambda"), endpoint)
        config["aws"] = {"region": REGION, "endpoints": services, **changes.pop("aws", {})}
    return {**config, **changes}


def write(bucket: str = "mail", **more: str) -> dict[str, Any]:
    return {"WriteToS3": {"S3Bucket": bucket, "RoleArn": ROLE, **more}}


def publish(topic: str = TOPIC, **more: str) -> dict[str, Any]:
    return {"PublishToSns": {"TopicArn": topic, "RoleArn": ROLE, **more}}


def invoke(function: str = "told", kind: str = "EVENT", **more: Any) -> dict[str, Any]:
    arn = f"{FUNCTION}:{function}"
    return {"InvokeLambda": {"FunctionArn": arn, "InvocationType": kind, "RoleArn": ROLE, **more}}


def settled(daemon: Daemon, *, deliveries: int = 0) -> None:
    """Waits until the queue is empty, and so many deliveries are in the log."""
    daemon.until(lambda: len(daemon.events("Delivery")) >= deliveries)
    daemon.until(lambda: daemon.metric("gatepost_queue_steps") == 0)


def objects(aws: Callable[[str], Any], bucket: str = "mail") -> dict[str, bytes]:
    client = aws("s3")
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {
        each["Key"]: client.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        for each in listed
    }


def published() -> list[dict[str, Any]]:
    topic = get_backend("sns")[ACCOUNT][REGION].topics[TOPIC]
    return [json.loads(each[1]) for each in topic.sent_notifications]


def test_an_archive_and_a_mailbox(daemons: Make, sink: Sink) -> None:
    header = {"AddHeader": {"HeaderName": "X-Kept", "HeaderValue": "yes"}}
    archive = {"Archive": {"TargetArchive": "legal"}}
    mailbox = {"DeliverToMailbox": {"MailboxArn": "m-1", "RoleArn": ROLE}}
    bindings = {
        "archives": {"legal": {"path": "archive", "retention": "TEN_YEARS"}},
        "mailboxes": {"m-1": {"maildir": "mail/{domain}/{local}", "create": True}},
    }
    daemon = daemons(acting(sink, archive, header, archive, mailbox, bindings=bindings))
    for name in ("archive", "mail"):
        (daemon.directory / name).mkdir()
    daemon.start()
    send(daemon.port(), to=["bob@example.com", "eve@example.org"])
    settled(daemon, deliveries=6)
    plain, headed = sorted(
        (path.read_bytes() for path in daemon.directory.glob("archive/*/*.eml")), key=len
    )
    assert headed == b"X-Kept: yes\r\n" + plain
    assert without_trace(plain) == MESSAGE
    (day,) = (daemon.directory / "archive").iterdir()
    lines = [json.loads(line) for line in (day / "index.jsonl").read_text().splitlines()]
    assert [line["recipients"] for line in lines] == [["bob@example.com", "eve@example.org"]] * 2
    for folder in ("example.com/bob", "example.org/eve"):
        (file,) = (daemon.directory / "mail" / folder / "new").iterdir()
        assert file.read_bytes().endswith(headed.replace(b"\r\n", b"\n"))
    assert {each["destination"] for each in daemon.events("Delivery")} == {
        "archive:legal",
        "mailbox:m-1",
    }


class Mailboxes:
    """What an LMTP server has: bob's mailbox, and no other."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if not address.startswith("bob@"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.contents.append(envelope.content)
        return "250 2.0.0 stored"


class Lmtp(UnixSocketController):
    def factory(self) -> LMTP:
        return LMTP(self.handler)


def test_mailboxes_behind_lmtp(daemons: Make, sink: Sink, tmp_path: Path) -> None:
    mailboxes = Mailboxes()
    server = Lmtp(mailboxes, unix_socket=str(tmp_path / "lmtp"))
    application = "00000000-0000-0000-0000-000000000001"
    actions = (
        {"DeliverToMailbox": {"MailboxArn": "m-1", "RoleArn": ROLE}},
        {
            "DeliverToQBusiness": {
                "ApplicationId": application,
                "IndexId": application,
                "RoleArn": ROLE,
            }
        },
    )
    lmtp = {"lmtp": f"unix:{tmp_path / 'lmtp'}"}
    bindings = {"mailboxes": {"m-1": lmtp}, "applications": {application: lmtp}}
    config = acting(sink, *actions, bindings=bindings, bounce={"relay": "next"})
    daemon = daemons(config).start()
    server.start()
    try:
        send(daemon.port(), to=["bob@example.com", "eve@example.com"])
        daemon.until(lambda: sink.messages)
        settled(daemon, deliveries=3)
    finally:
        server.stop()
    assert [without_trace(each) for each in mailboxes.contents] == [MESSAGE] * 2
    # Of eve's mailbox the sender hears; that no index took the message is the host's own affair.
    assert len(daemon.events("Bounce")) == 2
    assert len(daemon.events("Notice")) == 1
    assert b"no such mailbox" in sink.messages[0].content


def test_the_host_s_disk_away_and_back(daemons: Make, sink: Sink) -> None:
    archive = {"Archive": {"TargetArchive": "legal", "ActionFailurePolicy": "DROP"}}
    bindings = {"archives": {"legal": {"path": "archive"}}}
    daemon = daemons(acting(sink, archive, bindings=bindings))
    (daemon.directory / "archive").mkdir()
    daemon.start()
    (daemon.directory / "archive").rename(daemon.directory / "away")
    send(daemon.port())
    daemon.until(lambda: daemon.events("TransientFailure"))
    (daemon.directory / "away").rename(daemon.directory / "archive")
    settled(daemon, deliveries=1)
    assert len([*daemon.directory.glob("archive/*/*.eml")]) == 1


def test_an_object_of_one_content(daemons: Make, sink: Sink, aws: Any, moto: str) -> None:
    aws("s3").create_bucket(Bucket="mail")
    daemon = daemons(
        acting(sink, write(S3Prefix="in"), {"Relay": {"Relay": "next"}}, endpoint=moto)
    )
    daemon.start(environment=CREDENTIALS)
    send(daemon.port(), to=["bob@example.com", "eve@example.org"])
    settled(daemon, deliveries=4)
    (reception,) = daemon.events("Reception")
    ((key, content),) = objects(aws).items()
    assert key == f"in/{reception['id']}"
    assert without_trace(content) == MESSAGE
    assert aws("s3").head_object(Bucket="mail", Key=key)["ContentType"] == "message/rfc822"
    assert daemon.metric("gatepost_delivered_total", destination="s3:mail") == 2


def test_notifications(daemons: Make, sink: Sink, aws: Any, moto: str) -> None:
    aws("sns").create_topic(Name="mail")
    actions = publish(), publish(Encoding="BASE64"), publish(PayloadType="HEADERS")
    daemon = daemons(acting(sink, *actions, endpoint=moto)).start(environment=CREDENTIALS)
    send(daemon.port(), to=["bob@example.com", "eve@example.org"])
    settled(daemon, deliveries=6)
    found = published()
    assert [each["mail"]["destination"] for each in found] == [
        ["bob@example.com", "eve@example.org"]
    ] * 3
    assert len({each["receipt"]["deduplicationId"] for each in found}) == 3
    contents = {each.get("content") for each in found}
    assert None in contents
    (text,) = (each for each in contents if each and each.startswith("Received"))
    assert without_trace(text.encode()) == MESSAGE
    assert base64.b64encode(text.encode()).decode() in contents


@pytest.mark.parametrize(
    ("kind", "spelled"), [("EVENT", "Event"), ("REQUEST_RESPONSE", "RequestResponse")]
)
def test_a_function(daemons: Make, sink: Sink, kind: str, spelled: str) -> None:
    with LambdaEndpoint(failures=2) as function:
        daemon = daemons(acting(sink, invoke(kind=kind), endpoint=function.url))
        daemon.start(environment=CREDENTIALS)
        send(daemon.port())
        settled(daemon, deliveries=1)
    assert [(name, kind) for name, kind, _told in function.invocations] == [("told", spelled)] * 3
    first, second, third = (told for _name, _kind, told in function.invocations)
    assert first == second == third
    assert first["mail"]["source"] == "ann@gmail.com"
    assert [each["text"] for each in daemon.events("TransientFailure")] == [
        "the function failed: Unhandled"
    ] * 2


def test_a_function_that_is_given_up(daemons: Make, sink: Sink) -> None:
    with LambdaEndpoint(failures=99) as function:
        config = acting(sink, invoke(RetryTimeMinutes=0), endpoint=function.url)
        daemon = daemons(config).start(environment=CREDENTIALS)
        send(daemon.port())
        daemon.until(lambda: daemon.events("Expiration"))
        settled(daemon)
    assert len(function.invocations) == 1
    assert daemon.events("Notice") == []


MISCONFIGURED = {
    "no bucket": (write("missing"), "NoSuchBucket"),
    "a bucket that denies": (write("denied"), "AccessDenied"),
    "no topic": (publish(MISSING), "NotFound"),
    "no function": (invoke("gone"), "ResourceNotFoundException"),
    "a function that denies": (invoke("denied"), "AccessDeniedException"),
}


@pytest.mark.parametrize("policy", ["CONTINUE", "DROP", None])
@pytest.mark.parametrize("case", MISCONFIGURED)
def test_configuration_failures(
    daemons: Make,
    sink: Sink,
    aws: Any,
    moto: str,
    case: str,
    policy: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    action, code = MISCONFIGURED[case]
    ((name, parameters),) = action.items()
    chosen = {} if policy is None else {"ActionFailurePolicy": policy}
    credentials = CREDENTIALS
    if "bucket that denies" in case:
        credentials = stranger(aws)
        # From here on moto asks IAM whether a call is allowed.
        calls = ActionAuthenticatorMixin.request_count
        monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", calls)
    with LambdaEndpoint() as function:
        config = acting(
            sink, {name: {**parameters, **chosen}}, {"Relay": {"Relay": "next"}}, endpoint=moto
        )
        config["aws"]["endpoints"]["lambda"] = function.url
        daemon = daemons(config).start(environment=credentials)
        send(daemon.port())
        daemon.until(lambda: daemon.events("Fault"))
        settled(daemon, deliveries=0 if policy == "DROP" else 1)
    (fault,) = daemon.events("Fault")
    assert (fault["where"], code in fault["reason"]) == ("configuration", True)
    assert len(daemon.events("Drop")) == (policy == "DROP")
    assert len(sink.messages) == (policy != "DROP")
    assert daemon.events("TransientFailure", "Notice") == []
    assert credentials["AWS_SECRET_ACCESS_KEY"] not in daemon.log.read_text()


def stranger(aws: Callable[[str], Any]) -> dict[str, str]:
    """A bucket, and the credentials of a user who may do nothing."""
    aws("s3").create_bucket(Bucket="denied")
    aws("iam").create_user(UserName="stranger")
    key = aws("iam").create_access_key(UserName="stranger")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_an_endpoint_down_and_up(daemons: Make, sink: Sink, aws: Any) -> None:
    aws("s3").create_bucket(Bucket="mail")
    aws("sns").create_topic(Name="mail")
    port = free_port()
    config = acting(
        sink,
        write(ActionFailurePolicy="DROP"),
        publish(),
        {"Relay": {"Relay": "next"}},
        endpoint=f"http://127.0.0.1:{port}",
    )
    daemon = daemons(config).start(environment=CREDENTIALS)
    send(daemon.port())
    sites = {"s3:mail", f"sns:{TOPIC}"}
    daemon.until(
        lambda: {each["destination"] for each in daemon.events("TransientFailure")} == sites
    )
    # A site that is down holds up no other.
    daemon.until(lambda: sink.messages)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        settled(daemon, deliveries=3)
    finally:
        server.stop()
    assert (len(objects(aws)), len(published()), len(sink.messages)) == (1, 1, 1)


def test_a_kill_after_the_effect_makes_no_second_object(
    daemons: Make, sink: Sink, aws: Any, moto: str
) -> None:
    """The spool is put back to before the settlement, as a crash in between leaves it."""
    aws("s3").create_bucket(Bucket="mail")
    archive = {"Archive": {"TargetArchive": "legal"}}
    mailbox = {"DeliverToMailbox": {"MailboxArn": "m-1", "RoleArn": ROLE}}
    bindings = {
        "archives": {"legal": {"path": "archive"}},
        "mailboxes": {"m-1": {"maildir": "mail"}},
    }
    daemon = daemons(acting(sink, write(), archive, mailbox, endpoint=moto, bindings=bindings))
    (daemon.directory / "archive").mkdir()
    (daemon.directory / "mail").mkdir()
    destinations = "s3:mail", "archive:legal", "mailbox:m-1"
    daemon.start(environment=CREDENTIALS)
    for each in destinations:
        daemon.queue("suspend", each)
    send(daemon.port())
    daemon.until(lambda: daemon.metric("gatepost_queue_steps") == 3)
    daemon.kill()
    before = _files(daemon.directory / "spool")
    for run in range(2):
        shutil.rmtree(daemon.directory / "spool")
        for path, content in before.items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(content)
        daemon.start(environment=CREDENTIALS)
        settled(daemon, deliveries=3 * (run + 1))
        daemon.kill()
    assert len(objects(aws)) == 1
    assert len([*daemon.directory.glob("archive/*/*.eml")]) == 1
    assert len([*daemon.directory.glob("mail/new/*")]) == 1


def _files(folder: Path) -> dict[Path, bytes]:
    """Of a spool, but what is suspended there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if path.name != "suspended.json"}


def test_a_role_is_assumed_when_the_file_says_so(
    daemons: Make, sink: Sink, aws: Any, moto: str
) -> None:
    aws("s3").create_bucket(Bucket="mail")
    daemon = daemons(acting(sink, write(), endpoint=moto, aws={"assume_roles": True}))
    daemon.start(environment=CREDENTIALS)
    send(daemon.port())
    settled(daemon, deliveries=1)
    assert len(objects(aws)) == 1
    assumed = get_backend("sts")[ACCOUNT]["global"].assumed_roles
    assert [(each.role_arn, each.session_name) for each in assumed] == [(ROLE, "gatepostd")]
