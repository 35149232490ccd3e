"""The emulated AWS as a part of the emulators.

Any credentials are accepted; those announced in `env` are made up.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulators.aws import control, moto_state, rotation
from emulators.aws.app import App, Handler
from emulators.aws.throttle import Limit
from emulators.component import Context
from emulators.component import Handler as ControlHandler
from emulators.web import Web

REGION = "us-east-1"


def create(context: Context) -> "Aws":
    return Aws(context)


class Aws:
    name = "aws"

    def __init__(self, context: Context) -> None:
        self._run = context.run
        self._file = context.state / "aws.pickle" if context.state is not None else None
        self._app = App(context.clock, context.faults)
        self._web: Web | None = None

    def start(self) -> dict[str, Any]:
        """Raises ValueError when the kept state cannot be read."""
        # moto's state is the process's: an earlier run in it may have left something.
        moto_state.reset()
        if self._file is not None and self._file.exists():
            self._restore(self._file)
        self._web = Web(self._app, name="aws", handler=Handler)
        url = self._web.start()
        env = {
            "AWS_ACCESS_KEY_ID": "AKIAEMULATORS",
            "AWS_SECRET_ACCESS_KEY": "emulators",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": url,
        }
        return {"aws": url, "env": env}

    def stop(self) -> None:
        if self._web is None:
            return
        self._web.stop()
        self._web = None
        if self._file is not None:
            self._keep(self._file)

    def reset(self) -> None:
        moto_state.reset()
        self._app.mailmanager.reset()
        self._app.identities.reset()
        self._app.counters.clear()
        self._app.throttle.change(Limit())
        self._app.consistency.change({})

    def state(self) -> dict[str, Any]:
        return {
            "mailmanager": self._app.mailmanager.state(),
            "identities": self._app.identities.state(),
        }

    def handlers(self) -> Mapping[str, ControlHandler]:
        return {
            **control.handlers(self._app, REGION),
            "POST /aws/keep": lambda body: self._keep(self._kept(body)),
            "POST /aws/restore": lambda body: self._restore(self._kept(body)),
        }

    def _kept(self, body: Any) -> Path:
        """Where a state lies that is kept for this run under a name: {"name": TEXT}."""
        if not isinstance(body, dict) or set(body) != {"name"} or not str(body["name"]).isalnum():
            raise ValueError("the body must be an object with the one member name, an alphanumeric")
        return self._run / f"aws-{body['name']}.pickle"

    def _keep(self, file: Path) -> None:
        kept = {
            "mailmanager": self._app.mailmanager.stores,
            "identities": self._app.identities.stores,
            "rotation": rotation.show(),
        }
        moto_state.save(file, kept)

    def _restore(self, file: Path) -> None:
        """Raises LookupError and ValueError: nothing was kept there; by another version."""
        if not file.exists():
            raise LookupError(f"{file.stem}: nothing was kept under this name")
        kept = moto_state.load(file)
        self._app.mailmanager.stores = kept["mailmanager"]
        self._app.identities.stores = kept["identities"]
        rotation.change(kept["rotation"])
