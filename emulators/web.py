"""A WSGI application on a free loopback port, served by threads until it is stopped."""

import socket
import ssl
import struct
import threading
from typing import Any, NoReturn

from werkzeug.serving import WSGIRequestHandler, make_server


class QuietHandler(WSGIRequestHandler):
    """Serves without a line a request: what matters is in the control endpoint's counters."""

    # Keep-alive: clients of the emulators make many small requests.
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Web:
    """A threaded HTTP server; with `tls`, HTTPS. `url` is set once `start` has returned."""

    def __init__(
        self,
        app: Any,
        *,
        name: str,
        handler: type[WSGIRequestHandler] = QuietHandler,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
        if tls is not None:
            # The handshake belongs to the connection's own thread: one that stalls stalls no other.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._server.ssl_context = tls
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=name,
            daemon=True,
        )
        scheme, host = ("http", "127.0.0.1") if tls is None else ("https", "localhost")
        self.url = f"{scheme}://{host}:{self._server.server_port}"

    def start(self) -> str:
        self._thread.start()
        return self.url

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def cut(environ: dict[str, Any]) -> NoReturn:
    """End the connection of this request without an answer: the client sees it reset."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut by an injected fault")
