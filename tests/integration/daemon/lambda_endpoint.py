"""A Lambda endpoint that keeps what it was asked, since moto's needs a container a function.

It takes Invoke alone (API reference of Lambda), signed, and answers as the service does: 202 for
Event, 200 for RequestResponse, X-Amz-Function-Error where the function is told to fail, 404 and
403 with their exceptions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

# What Lambda answers for a function that is not there, or not for this caller.
ERRORS = {"gone": (404, "ResourceNotFoundException"), "denied": (403, "AccessDeniedException")}


class LambdaEndpoint:
    """functions: their names; a call of another is answered as one that is gone. failures: how many
    invocations fail, from the first."""

    def __init__(self, functions: Sequence[str] = ("told",), failures: int = 0) -> None:
        self.invocations: list[tuple[str, str, Any]] = []
        self._failures = failures
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = unquote(self.path).split("/")
                assert parts[1:3] == ["2015-03-31", "functions"]
                assert parts[4] == "invocations"
                assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
                name = parts[3].rpartition(":")[2]
                if name not in functions:
                    status, code = ERRORS.get(name, ERRORS["gone"])
                    self._answer(status, {"Message": name}, "X-Amzn-ErrorType", code)
                    return
                kind = self.headers["X-Amz-Invocation-Type"]
                endpoint.invocations.append((name, kind, json.loads(body)))
                if len(endpoint.invocations) <= endpoint._failures:
                    self._answer(200, {}, "X-Amz-Function-Error", "Unhandled")
                else:
                    self._answer(202 if kind == "Event" else 200, {}, "X-Amz-Executed-Version", "1")

            def _answer(self, status: int, answer: Any, name: str, value: str) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LambdaEndpoint:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
