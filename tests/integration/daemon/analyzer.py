"""An analyzer on loopback, of either kind, that answers what a test says and keeps what it got."""

from __future__ import annotations

import json
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class Analyzer:
    """answer: the JSON to send, or octets; None keeps the client waiting until the end. status: of
    the answer. requests: path, headers and body of each."""

    def __init__(self, answer: Any, status: int = 200) -> None:
        self.answer = answer
        self.status = status
        self.headers: dict[str, str] = {}
        self.password = ""
        self.requests: list[tuple[str, dict[str, list[str]], bytes]] = []
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def parts(self, number: int = 0) -> dict[str, bytes]:
        """A form's parts, by name."""
        _path, headers, body = self.requests[number]
        head = f"Content-Type: {headers['content-type'][0]}\r\n\r\n".encode()
        form = message_from_bytes(head + body, policy=policy.HTTP)
        found = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            # The parser takes a message for what it is; its octets are wanted.
            payload = part.get_payload()
            whole = payload[0].as_bytes() if isinstance(payload, list) else None
            found[str(name)] = whole if whole is not None else part.get_payload(decode=True)
        return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers: dict[str, list[str]] = {}
                for name, value in self.headers.items():
                    headers.setdefault(name.lower(), []).append(value)
                outer.requests.append((self.path, headers, body))
                if outer.answer is None:
                    outer._over.wait(60)
                    return
                given = outer.answer
                content = given if isinstance(given, bytes) else json.dumps(given).encode()
                given_password = [*headers.get("authorization", []), *headers.get("password", [])]
                known = not outer.password or any(
                    each.split(" ")[-1] == outer.password for each in given_password
                )
                self.send_response(outer.status if known else 401)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def __enter__(self) -> Analyzer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
