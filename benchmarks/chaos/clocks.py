"""Clocks that are set, and a day that passes in a minute.

    python -m benchmarks.chaos.clocks FOLDER

One slot trains with a fake runner; each of its epochs lets time pass, and with it come the passes
of the worker's watch. Beside it other workers claim trials and are never heard of again.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from .clock import Clock
from .ledger import audit
from .outcome import Outcome
from .programs_of_their_own import run_module

HOUR, DAY = 3600.0, 86400.0
# A watch looks every 3 s. Steps this long still renew leases in time.
STEP = 5.0
EPOCH_STEPS = 6
# How long a lost trial may wait: a lease, a pass of the reaper, and one that is skipped.
LATEST = 45 + 15 + 15 + 2 * STEP


def clocks() -> Outcome:
    return _outcome(run_module("benchmarks.chaos.clocks", "moved"))


def day() -> Outcome:
    return _outcome(run_module("benchmarks.chaos.clocks", "day"))


def _outcome(found: dict[str, Any]) -> Outcome:
    return Outcome(found["figures"], found["promises"])


class World:
    """A database, one live worker, and time."""

    def __init__(self) -> None:
        from tuning.supervisor import worker
        from tuning.supervisor.schedule import Reaper

        self.clock = Clock()
        self.clock.passing = self._tick
        self.clock.install()
        self.worker = worker.register("alive", 1, [])
        self.reaper = Reaper()
        self.began = self.clock.steady
        self.next_reap = self.next_sweep = self.clock.steady
        self.waits: list[float] = []
        self.lost: dict[tuple[int, int], float] = {}
        self.events: list[tuple[float, Any]] = []
        self.dead = 0

    @property
    def elapsed(self) -> float:
        return self.clock.steady - self.began

    def train(self, seconds: float) -> None:
        """Work until so much time has passed. What nobody has to do passes as time, too."""
        from tests.supervisor.fake_runner import FakeRunner
        from tuning.supervisor.pool import RunnerPool
        from tuning.supervisor.runners import Device
        from tuning.supervisor.slot import SlotLoop

        pool = RunnerPool(lambda device: FakeRunner(device, self._script))
        flags = threading.Event(), threading.Event()
        while self.elapsed < seconds:
            SlotLoop(self.worker, 0, Device(), pool, 1 << 40, *flags).run()
            self.clock.pass_time(STEP)

    def _script(self, search: Any, order: Any) -> Iterator[Any]:
        from tuning.protocol.events import Built, EpochEnd, TrialEnd

        from .fake_runner import metrics_of

        yield Built(parameters=100)
        token = float(order.seed) + self.clock.steady
        for epoch in range(1, search.epochs + 1):
            for _ in range(EPOCH_STEPS):
                yield lambda: self.clock.pass_time(STEP)
            metrics = metrics_of(search.objective, order, epoch, token)
            yield EpochEnd(0, epoch, STEP * EPOCH_STEPS, metrics)
        yield TrialEnd(metrics, best_step=search.epochs - 1)

    def _tick(self) -> None:
        """What the watch of the live worker does, and whatever is due."""
        from tuning.models import Worker
        from tuning.supervisor import checkpoints, files, resume_folders

        now = self.clock.steady
        Worker.objects.filter(pk=self.worker.pk).update(seen_at=self.clock.now())
        if now >= self.next_reap:
            self.next_reap = now + 15
            self.reaper.reap()
            self._note_found()
        if now >= self.next_sweep:
            self.next_sweep = now + 600
            files.sweep()
            checkpoints.sweep()
            resume_folders.sweep()
            Worker.objects.forgotten().delete()
        while self.events and self.events[0][0] <= self.elapsed:
            self.events.pop(0)[1]()

    def lose_a_trial(self) -> None:
        """A worker of its own claims one, and that is the last of it."""
        from tuning.models import Search, Trial, Worker
        from tuning.supervisor.claims import Slot, claim_trial_of

        now = self.clock.now()
        worker = Worker.objects.create(
            name=f"dead {self.elapsed}", slots=1, started_at=now, seen_at=now
        )
        for search in Search.objects.filter(status="running"):
            trial = claim_trial_of(search.pk, Slot(worker, 0))
            if isinstance(trial, Trial):
                self.lost[trial.pk, trial.attempt] = self.clock.steady
                self.dead += 1
                return

    def _note_found(self) -> None:
        from tuning.models import Trial

        running = set(Trial.objects.running().values_list("pk", "attempt"))
        for key in set(self.lost) - running:
            self.waits.append(self.clock.steady - self.lost.pop(key))


def _moved() -> dict[str, Any]:
    """Eight times an hour forwards or backwards, with a live trial and a lost one each time."""
    world = World()
    _start(60, epochs=4)
    # Of the whole machine, then of the database's alone.
    hands = [world.clock.set_wall] * 4 + [world.clock.set_database] * 4
    for number, hand in enumerate(hands):
        move = partial(hand, -HOUR if number % 2 else HOUR)
        world.events += [(300.0 * number + 100, world.lose_a_trial), (300.0 * number + 120, move)]
    world.train(60 * 120)
    return _report(world, {"times moved by an hour": len(hands)}, {})


def _day() -> dict[str, Any]:
    """24 hours: each hour a worker is lost, and a crash leaves files behind."""
    from django.conf import settings

    from tuning.models import Worker

    world = World()
    _start(700, epochs=4)
    litter = [settings.DATASETS_ROOT, settings.SAVED_MODELS_ROOT, settings.UPLOADS_ROOT]
    left: list[tuple[float, Path]] = []

    def leave() -> None:
        world.lose_a_trial()
        for root in litter:
            path = root / f".half-{len(left)}.part"
            path.write_bytes(b"half")
            os.utime(path, (world.clock.wall, world.clock.wall))
            left.append((world.elapsed, path))

    world.events = [(HOUR * number + 60, leave) for number in range(24)]
    stale = world.clock.now() - timedelta(days=6, hours=12)
    Worker.objects.create(name="forgotten", slots=1, started_at=stale, seen_at=stale)
    world.train(DAY)
    old = [path for then, path in left if world.elapsed - then > 2 * HOUR and path.exists()]
    figures = {
        "simulated hours": round(world.elapsed / HOUR, 1),
        "files left by crashes": len(left),
    }
    promises = {
        "what crashes left is swept within two hours": not old,
        "a worker that was away for a week is forgotten": not Worker.objects.filter(
            name="forgotten"
        ).exists(),
    }
    return _report(world, figures, promises)


def _start(trials: int, epochs: int) -> None:
    from .prepare import start_searches

    settings = {"tuner": "sobol", "max_trials": trials, "epochs": epochs, "parallel_trials": 4}
    start_searches([settings], seconds=0.0)


def _report(world: World, figures: dict[str, Any], promises: dict[str, bool]) -> dict[str, Any]:
    from .jobs import rows
    from .killing import promises_of

    found = rows()
    ledger = audit(found)
    innocent = ledger.lost_attempts - world.dead
    figures = ledger.figures | figures | {
        "workers lost": world.dead,
        "longest wait of a lost trial, s": round(max(world.waits, default=0)),
    }  # fmt: skip
    in_time = not world.lost and max(world.waits, default=0) <= LATEST
    promises = promises_of(ledger) | promises | {
        "no live worker lost an attempt": innocent == 0,
        f"lost trials run again within {LATEST:.0f} s": in_time,
    }  # fmt: skip
    return {"figures": figures, "promises": promises}


if __name__ == "__main__":
    from .programs_of_their_own import set_up

    set_up(sys.argv[1])
    print(json.dumps({"moved": _moved, "day": _day}[sys.argv[2]]()))
