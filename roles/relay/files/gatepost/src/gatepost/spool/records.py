"""Operations: what a transaction does, as JSON in a frame's meta; envelopes, as JSON in its data.

    ["m", id, received_at, steps, envelope size, its CRC, body size, its CRC, states]
        a message is there; its envelope, then its body, lie in the data in the order of the
        operations. steps: [destination] or [destination, program, 1 if on_failure is DROP], a
        step. states: 0, or (a message that was moved) a list that gives 0 for a finished step and
        else [due_at, attempts, held, last error, delay notified].
    ["d", id, step, …]                                   steps are finished
    ["f", id, step, due_at, attempts, error, notified]   a step was deferred
    ["c", id, step, held, due_at]                        an operator changed a step
    ["b", {number: end, …}]                              first in a segment: where earlier ones end

A start reads operations only; an envelope is read when its step is leased.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any
from zlib import crc32

from gatepost import compact
from gatepost.spool.frame import Frame, Operations
from gatepost.spool.interface import Message, Recipient, Step

_NOTHING: MappingProxyType[str, Any] = MappingProxyType({})


def encode(operations: Operations) -> bytes:
    return compact.dumps(operations)


def envelope(message: Message) -> bytes:
    """Everything of a message but its body. Raises TypeError for parameters that JSON has not."""
    document = [
        message.id,
        message.received_at,
        message.mail_from,
        [[it.address, it.notify, it.orcpt] for it in message.recipients],
        [
            [
                step.program,
                step.action,
                step.destination,
                step.recipient,
                step.mail_from,
                step.rule,
                step.headers,
                dict(step.parameters),
                step.on_failure,
            ]
            for step in message.steps
        ],
        message.body_size,
        message.eight_bit,
        message.smtputf8,
        message.ret,
        message.envid,
        dict(message.attributes),
    ]
    return compact.dumps(document)


def message(document: bytes) -> Message:
    """The reverse of envelope. Raises ValueError for anything else."""
    try:
        (
            name,
            received_at,
            mail_from,
            recipients,
            steps,
            body_size,
            eight_bit,
            smtputf8,
            ret,
            envid,
            attributes,
        ) = compact.loads(document)
        return Message(
            name,
            received_at,
            mail_from,
            tuple([Recipient(it[0], tuple(it[1]), it[2]) for it in recipients]),
            tuple([_step(it) for it in steps]),
            body_size,
            eight_bit,
            smtputf8,
            ret,
            envid,
            MappingProxyType(attributes) if attributes else _NOTHING,
        )
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError(f"not an envelope: {error}") from error


def _step(it: list[Any]) -> Step:
    program, action, destination, recipient, mail_from, rule, headers, parameters, on_failure = it
    return Step(
        program,
        action,
        destination,
        recipient,
        mail_from,
        rule,
        tuple([(header[0], header[1]) for header in headers]),
        MappingProxyType(parameters) if parameters else _NOTHING,
        on_failure,
    )


def accepted(message: Message, document: bytes, body: bytes) -> list[Any]:
    """The operation that puts a message there."""
    steps = [
        [step.destination]
        if step.program == 0 and step.on_failure != "DROP"
        else [step.destination, step.program, 1 if step.on_failure == "DROP" else 0]
        for step in message.steps
    ]
    return [
        "m",
        message.id,
        message.received_at,
        steps,
        len(document),
        crc32(document),
        len(body),
        crc32(body),
        0,
    ]


def whole(content: bytes, frame: Frame) -> bool:
    """Do the envelopes and bodies of a frame match their checksums?"""
    try:
        view = memoryview(content)
        offset = frame.data
        for operation in frame.operations:
            if operation[0] == "m":
                for size, checksum in (operation[4:6], operation[6:8]):
                    if crc32(view[offset : offset + size]) != checksum:
                        return False
                    offset += size
        return offset == frame.end
    except (TypeError, IndexError, ValueError):
        return False
