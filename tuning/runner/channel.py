"""The two pipes between a runner and its supervisor: events out, orders in."""

import os
import threading
from dataclasses import replace
from typing import Any, Self

from tuning.protocol.events import Event, OfTrial, encode_event
from tuning.protocol.orders import EndOrder, Order, decode_order


class Channel:
    """Sends events and receives orders. Sending is safe from any thread."""

    def __init__(self, events_fd: int) -> None:
        # Neither pipe is passed on to child processes of the template's code, and its input() finds
        # an empty standard input instead of our orders.
        os.set_inheritable(events_fd, False)
        self._events_fd = events_fd
        self._orders = os.fdopen(os.dup(0), "rb")
        devnull = os.open(os.devnull, os.O_RDONLY)
        os.dup2(devnull, 0)
        os.close(devnull)
        self._lock = threading.Lock()
        self._token = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """There is one. KerasTuner copies callbacks, and those of a template may hold its tuner."""
        return self

    def begin_trial(self, token: str) -> None:
        """From now on events of a trial bear this token."""
        self._token = token

    def send(self, event: Event) -> None:
        """Write one event. Ends the process if nobody reads any more."""
        if isinstance(event, OfTrial):
            event = replace(event, trial=self._token)
        line = memoryview(encode_event(event))
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._events_fd, line) :]
            except BrokenPipeError:
                os._exit(1)

    def receive(self) -> Order:
        """Wait for the next order. The end of the input is an order to end."""
        line = self._orders.readline()
        return decode_order(line) if line else EndOrder()
