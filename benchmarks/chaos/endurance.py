"""Many trials on one worker: does it keep what it no longer needs?"""

import os
from pathlib import Path
from typing import Any

import psutil

from .installation import Installation, installed
from .killing import promises_of
from .ledger import audit
from .outcome import Outcome

TRIALS = 1000
# The first ones load what is loaded once.
EARLY = 200
GROWTH = 1.10


def long_run() -> Outcome:
    """On one slot, so that one runner and one thread do it all."""
    with installed(1, site=False, SLOTS="1") as there:
        there.search({"tuner": "random", "max_trials": TRIALS, "epochs": 1}, seconds=0.0)
        there.wait(lambda: there.finished() >= EARLY, "the first trials have ended")
        [worker] = there.of_kind("worker")
        early = state(there, worker)
        late = early
        # While its slot is at work: a runner that has ended would count for nothing.
        while there.searching():
            late = state(there, worker) if there.finished() < TRIALS else late
        ledger = audit(there.rows())
    growth = late["memory"] / early["memory"]
    figures: dict[str, Any] = ledger.figures | {
        f"worker's memory after {EARLY} trials, MB": round(early["memory"]),
        "at the end, MB": round(late["memory"]),
        "descriptors": f"{early['descriptors']:.0f}, {late['descriptors']:.0f} at the end",
        "threads": f"{early['threads']:.0f}, {late['threads']:.0f} at the end",
        "folders": f"{early['folders']:.0f}, {late['folders']:.0f} at the end",
    }  # fmt: skip
    promises = promises_of(ledger) | {
        f"memory grows by less than {GROWTH - 1:.0%}": growth < GROWTH,
        "no more descriptors": late["descriptors"] <= early["descriptors"] + 2,
        "no more threads": late["threads"] <= early["threads"] + 2,
        "no more folders": late["folders"] <= early["folders"] + 2,
    }
    return Outcome(figures, promises)


def state(there: Installation, process: psutil.Process) -> dict[str, float]:
    return {
        "memory": process.memory_info().rss / 1e6,
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
        "folders": sum(len(folders) for _, folders, _ in os.walk(Path(there.data))),
    }
