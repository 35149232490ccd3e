"""The emulators' side door: HTTP and JSON, for tests, the demo and people.

    POST /reset              every emulator returns to its first state; faults and clock too
    GET  /state              what each emulator holds, without secrets
    GET  /faults             the faults that wait to happen
    POST /faults             one fault or a list of them (see emulators.faults)
    DELETE /faults           forget them
    GET  /clock              {"now": seconds since the epoch}
    POST /clock              {"advance": seconds}

and the paths that the components add. An error answers {"error": TEXT}.
"""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from emulators.component import Component, Context, Handler
from emulators.faults import parse


class Control:
    """The WSGI application of the control endpoint."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._handlers: dict[str, Handler] = {
            "POST /reset": self._reset,
            "GET /state": self._state,
            "GET /faults": lambda _body: {"faults": context.faults.state()},
            "POST /faults": self._add_faults,
            "DELETE /faults": self._clear_faults,
            "GET /clock": self._clock,
            "POST /clock": self._advance,
        }

    def add(self, component: Component) -> None:
        """Route the component's own paths to it. Raises ValueError when one is taken."""
        for route, handler in component.handlers().items():
            if route in self._handlers:
                raise ValueError(f"{component.name}: {route} is served already")
            self._handlers[route] = handler

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        status, answer = self._answer(Request(environ))
        response = Response(json.dumps(answer), status=status, mimetype="application/json")
        return response(environ, start_response)

    def _answer(self, request: Request) -> tuple[int, Any]:
        handler = self._handlers.get(f"{request.method} {request.path}")
        if handler is None:
            methods = [route.split()[0] for route in self._handlers if _path(route) == request.path]
            if methods:
                return 405, {"error": f"{request.path} takes {', '.join(methods)}"}
            paths = sorted({_path(route) for route in self._handlers})
            return 404, {"error": f"no such path; there are {', '.join(paths)}"}
        raw = request.get_data()
        try:
            body = json.loads(raw) if raw else dict(request.args) or None
            return 200, handler(body)
        except ValueError as error:
            return 400, {"error": str(error)}
        except LookupError as error:
            return 404, {"error": str(error.args[0] if error.args else error)}

    def _reset(self, _body: Any) -> Any:
        self._context.faults.clear()
        self._context.clock.reset()
        for component in self._context.components.values():
            component.reset()
        return {"reset": list(self._context.components)}

    def _state(self, _body: Any) -> Any:
        return {name: component.state() for name, component in self._context.components.items()}

    def _add_faults(self, body: Any) -> Any:
        for fault in [parse(one) for one in (body if isinstance(body, list) else [body])]:
            self._context.faults.add(fault)
        return {"faults": self._context.faults.state()}

    def _clear_faults(self, _body: Any) -> Any:
        self._context.faults.clear()
        return {"faults": []}

    def _clock(self, _body: Any) -> Any:
        return {"now": self._context.clock.now()}

    def _advance(self, body: Any) -> Any:
        seconds = _member(body, "advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("advance: must be a number of seconds")
        return {"now": self._context.clock.advance(seconds)}


def _path(route: str) -> str:
    return route.split()[1]


def _member(body: Any, name: str) -> Any:
    if not isinstance(body, Mapping) or set(body) != {name}:
        raise ValueError(f"the body must be an object with the one member {name}")
    return body[name]
