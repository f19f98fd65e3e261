"""Work in a thread that lives while there is some."""

from threading import Event

import pytest

from tests.services import PATIENCE
from tuning.supervisor.on_demand import Every, OnDemandThread


def test_what_comes_due_meanwhile_is_done_by_the_same_thread() -> None:
    begun, go_on = Event(), Event()
    done: list[int] = []
    due = True

    def work() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        done.append(len(done))

    thread = OnDemandThread("test", lambda: due, work)
    thread.check()
    assert begun.wait(PATIENCE)
    # Many at once are one more round.
    for _ in range(5):
        thread.check()
    go_on.set()
    thread.join()
    assert done == [0, 1]
    due = False
    thread.check()
    thread.join()
    assert done == [0, 1]


def test_work_that_failed_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise ValueError("the first time")

    thread = OnDemandThread("mails", lambda: True, work)
    thread.check()
    thread.join()
    assert "mails failed" in caplog.text
    thread.check()
    thread.join()
    assert tries == [0, 1]


def test_every_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("tuning.supervisor.on_demand.time.monotonic", lambda: now)
    every = Every(60)
    found = []
    for now in (100, 105, 106, 107, 165, 166, 167, 1000, 1001):
        found.append((now, every()))
    assert [when for when, is_due in found if is_due] == [106, 166, 1000]
