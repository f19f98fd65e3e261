"""Orders on a pipe: whole, in their order, and verdicts apart from the others."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.services import wait_for
from tuning.protocol.orders import (
    EndOrder,
    FetchedOrder,
    Order,
    TrialOrder,
    VerdictOrder,
    encode_order,
)
from tuning.runner.channel import Channel

LONG = 30.0


class Wire:
    """The supervisor's end of a channel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        orders, self._write = os.pipe()
        self._events, events = os.pipe()
        self._open = [self._write, self._events, orders, events]
        real_dup, real_dup2 = os.dup, os.dup2
        # Standard input stays that of the tests.
        monkeypatch.setattr(os, "dup", lambda fd: orders if fd == 0 else real_dup(fd))
        monkeypatch.setattr(os, "dup2", lambda a, b: b if b == 0 else real_dup2(a, b))
        self.channel = Channel(events)

    def write(self, data: bytes) -> None:
        os.write(self._write, data)

    def send(self, *orders: Order) -> None:
        self.write(b"".join(map(encode_order, orders)))

    def hang_up(self) -> None:
        os.close(self._write)
        self._open.remove(self._write)

    def close(self) -> None:
        for number in self._open:
            os.close(number)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    made = Wire(monkeypatch)
    made.channel.begin_trial("now")
    yield made
    made.close()


def in_a_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    return thread, found


TRIAL = TrialOrder("0001", {"units": 8}, 1, "next")
NO, YES = VerdictOrder("now", 1, prune=False), VerdictOrder("now", 2, prune=True)


def test_orders_arrive_whole_however_they_are_cut(wire: Wire) -> None:
    whole = b"".join(map(encode_order, (NO, TRIAL, EndOrder())))
    thread, found = in_a_thread(lambda: (wire.channel.receive(), wire.channel.receive()))
    for byte in whole:
        wire.write(bytes([byte]))
    thread.join(LONG)
    assert found == [(TRIAL, EndOrder())]


def test_an_order_may_be_longer_than_a_pipe_holds(wire: Wire) -> None:
    order = TrialOrder("0001", {"text": "x" * 300_000}, 1)
    thread, _ = in_a_thread(lambda: wire.send(order, TRIAL))
    assert wire.channel.receive() == order
    assert wire.channel.receive() == TRIAL
    thread.join(LONG)


def test_the_end_of_the_input_is_an_order_to_end(wire: Wire) -> None:
    wire.send(TRIAL)
    wire.hang_up()
    assert wire.channel.verdict(LONG) is None, "it does not wait for what cannot come"
    assert [wire.channel.receive() for _ in range(3)] == [TRIAL, EndOrder(), EndOrder()]


def test_verdicts_in_their_order(wire: Wire) -> None:
    wire.send(NO, YES)
    assert wire.channel.verdict(0) == NO
    assert wire.channel.verdict(LONG) == YES
    assert wire.channel.verdict(0) is None
    assert wire.channel.verdict(0.01) is None


def test_half_a_verdict_is_none_yet(wire: Wire) -> None:
    line = encode_order(YES)
    wire.write(line[:9])
    assert wire.channel.verdict(0.01) is None
    wire.write(line[9:])
    assert wire.channel.verdict(LONG) == YES


def test_a_verdict_is_waited_for(wire: Wire) -> None:
    thread, found = in_a_thread(lambda: wire.channel.verdict(LONG))
    wire.send(YES)
    thread.join(LONG)
    assert found == [YES]


def test_verdicts_on_other_trials_are_dropped(wire: Wire) -> None:
    wire.send(VerdictOrder("before", 9, prune=True), NO)
    assert wire.channel.verdict(LONG) == NO


def test_late_verdicts_end_no_later_trial(wire: Wire) -> None:
    wire.send(YES, TRIAL)
    assert wire.channel.receive() == TRIAL
    wire.channel.begin_trial("next")
    wire.send(YES, VerdictOrder("next", 1, prune=False))
    assert wire.channel.verdict(LONG) == VerdictOrder("next", 1, prune=False)


def test_a_download_and_a_verdict_come_to_those_who_wait_for_them(wire: Wire) -> None:
    answer = FetchedOrder("not there")
    wire.send(YES, answer)
    assert wire.channel.receive() == answer
    assert wire.channel.verdict(0) == YES, "it came before, and is still worth something"


def test_two_threads_take_nothing_from_each_other(wire: Wire) -> None:
    answer = FetchedOrder()
    reader, answered = in_a_thread(wire.channel.receive)
    wait_for(wire.channel._reading.locked, "a reader")
    wire.send(YES)
    thread, found = in_a_thread(lambda: until_heard(wire.channel))
    thread.join(LONG)
    wire.send(answer)
    reader.join(LONG)
    assert (found, answered) == ([YES], [answer])


def until_heard(channel: Channel) -> VerdictOrder:
    while (verdict := channel.verdict(0.01)) is None:
        pass
    return verdict


def test_a_line_that_is_no_order_is_said(wire: Wire) -> None:
    wire.write(b"half an order\n")
    with pytest.raises(ValueError, match="Expecting value"):
        wire.channel.verdict(LONG)


def test_an_order_that_has_arrived_is_seen_before_it_is_received(wire: Wire) -> None:
    assert not wire.channel.has_order()
    wire.send(EndOrder())
    assert wire.channel.has_order()
    assert wire.channel.has_order()
    assert wire.channel.receive() == EndOrder()
