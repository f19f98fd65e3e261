"""The two pipes between a runner and its supervisor: events out, orders in."""

import os
import select
import threading
import time
from collections import deque
from dataclasses import replace
from typing import Any, Self

from tuning.protocol.events import Event, OfTrial, encode_event
from tuning.protocol.orders import EndOrder, Order, SuggestedOrder, VerdictOrder, decode_order

_PIECE = 1 << 16


class Channel:
    """Sends events and receives orders. Both are safe from any thread."""

    def __init__(self, events_fd: int) -> None:
        # Neither pipe is passed on to child processes of the template's code, and its input() finds
        # an empty standard input instead of our orders.
        os.set_inheritable(events_fd, False)
        self._events_fd = events_fd
        self._orders_fd = os.dup(0)
        devnull = os.open(os.devnull, os.O_RDONLY)
        os.dup2(devnull, 0)
        os.close(devnull)
        self._sending = threading.Lock()
        self._reading = threading.Lock()
        # What was read of a line that has not come whole.
        self._buffer = b""
        # Orders that a person read who waited for another kind.
        self._verdicts: deque[VerdictOrder] = deque()
        self._suggested: deque[SuggestedOrder] = deque()
        self._others: deque[Order] = deque()
        self._token = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """There is one. KerasTuner copies callbacks, and those of a template may hold its tuner."""
        return self

    def begin_trial(self, token: str) -> None:
        """From now on events of a trial bear this token. Verdicts on earlier trials are dropped."""
        self._token = token
        self._verdicts.clear()
        self._suggested.clear()

    def send(self, event: Event) -> None:
        """Write one event. Ends the process if nobody reads any more."""
        if isinstance(event, OfTrial):
            event = replace(event, trial=self._token)
        line = memoryview(encode_event(event))
        with self._sending:
            try:
                while line:
                    line = line[os.write(self._events_fd, line) :]
            except BrokenPipeError:
                os._exit(1)

    def has_order(self) -> bool:
        """Whether an order has arrived that nobody has received yet."""
        with self._reading:
            self._read(0)
            return bool(self._others)

    def receive(self) -> Order:
        """Wait for the next order, other than a verdict: one that comes now comes too late for its
        trial, or is for another thread. The end of the input is an order to end."""
        with self._reading:
            while not self._others:
                self._read(None)
            return self._others.popleft()

    def verdict(self, seconds: float) -> VerdictOrder | None:
        """The next verdict on the current trial, if it arrives within so many seconds. With 0, one
        that has arrived already."""
        deadline = time.monotonic() + seconds
        # Another thread may be waiting for a download: it puts the verdicts aside.
        if not self._reading.acquire(timeout=seconds):
            return self._next_verdict()
        try:
            while True:
                found = self._next_verdict()
                # An order to end, or another thread's download: no time to wait for a verdict.
                if found or self._others or not self._read(max(0.0, deadline - time.monotonic())):
                    return found
        finally:
            self._reading.release()

    def suggested(self) -> Any:
        """Wait for the value that the current trial has asked for. Raises ValueError if there is
        none, as Optuna does. Ends the process if nobody answers any more."""
        with self._reading:
            while True:
                while self._suggested:
                    answer = self._suggested.popleft()
                    if answer.token != self._token:
                        continue
                    if answer.problem:
                        raise ValueError(answer.problem)
                    return answer.value
                if any(isinstance(order, EndOrder) for order in self._others):
                    raise SystemExit("No more values are suggested.")
                self._read(None)

    def _next_verdict(self) -> VerdictOrder | None:
        while self._verdicts:
            verdict = self._verdicts.popleft()
            if verdict.token == self._token:
                return verdict
        return None

    def _read(self, seconds: float | None) -> bool:
        """Read what arrives next, within so many seconds (None: however long it takes), and sort
        the orders that came whole. False if nothing arrived."""
        poll = select.poll()
        poll.register(self._orders_fd, select.POLLIN)
        if not poll.poll(None if seconds is None else seconds * 1000):
            return False
        piece = os.read(self._orders_fd, _PIECE)
        *lines, self._buffer = (self._buffer + piece).split(b"\n")
        orders = [decode_order(line) for line in lines]
        if not piece:
            orders.append(EndOrder())
        for order in orders:
            if isinstance(order, VerdictOrder):
                self._verdicts.append(order)
            elif isinstance(order, SuggestedOrder):
                self._suggested.append(order)
            else:
                self._others.append(order)
        return True
