"""What the worker asks of its fork server (`tuning/runner/fork_server.py`): packets of a socket.

The fork server says READY once, after its imports. Each request comes with descriptors; the answer
is the number of the new process, or REFUSED and why. That process begins when it reads GO, and ends
if nothing comes: the worker may have given it up.
"""

import json
from dataclasses import asdict, dataclass
from typing import NamedTuple, Self

READY, REFUSED, GO = b"ready", b"refused: ", b"."
MAX_PACKET = 1 << 16


class Descriptors(NamedTuple):
    """What comes with a request. `log` is standard output and error."""

    orders: int
    log: int
    events: int
    go: int


@dataclass(frozen=True)
class ForkRequest:
    """A new runner: its private folder, its whole environment, its flags (the descriptor of events
    has a number that only it knows)."""

    folder: str
    environment: dict[str, str]
    flags: list[str]

    def encode(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, packet: bytes) -> Self:
        return cls(**json.loads(packet))
