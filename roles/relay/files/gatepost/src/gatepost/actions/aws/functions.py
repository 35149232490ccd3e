"""The InvokeLambda action: a function is told of a message, of its envelope and header fields.

At least once, as Lambda itself invokes: a crash between the call and its settlement invokes again,
with the same deduplicationId. What a function returns decides nothing: everything was decided
before the message was accepted. A function that fails is invoked again until RetryTimeMinutes, or
retry.expire, have passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gatepost.actions.aws import judgement
from gatepost.actions.aws.clients import Clients, region_of
from gatepost.actions.aws.notification import HEADERS_ALONE, fitting
from gatepost.actions.values import Task, done
from gatepost.delivery.values import Outcome, Scope, Verdict

# How the API of Lambda spells what that of Mail Manager calls EVENT and REQUEST_RESPONSE.
_TYPES: Final = {"EVENT": "Event", "REQUEST_RESPONSE": "RequestResponse"}


class InvokeLambda:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def __call__(self, task: Task) -> Sequence[Outcome]:
        function = task.parameters["FunctionArn"]

        def invoke() -> Outcome:
            client = self._clients.client("lambda", task.parameters, region_of(function))
            answer = client.invoke(
                FunctionName=function,
                InvocationType=_TYPES[task.parameters["InvocationType"]],
                Payload=fitting(task, HEADERS_ALONE),
            )
            answer["Payload"].close()
            error = answer.get("FunctionError")
            if error:
                text = f"the function failed: {error}"
                return Outcome(Verdict.DEFERRED, Scope.MESSAGE, text, "4.3.0")
            return done(f"invoked, status {answer['StatusCode']}")

        return judgement.attempt(f"lambda:{function}", len(task.numbers), invoke)
