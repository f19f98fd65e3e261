"""Networks that are really trained: the same search once in peace and once under fire."""

import subprocess
import sys
from collections import Counter
from typing import Any

from .installation import ROOT, Installation, installed
from .killing import histories, kill_until_done, promises_of
from .ledger import audit
from .outcome import Outcome, counted

# One trial at a time, so that a search has one history only.
COMMON = (
    "tune", "--dataset", "breast-cancer", "--template", "dense", "--pruner", "none", "--seed", "7",
    "--parallel", "1",
)  # fmt: skip
SEARCHES = {
    "random": ("--tuner", "random", "--max-trials", "12", "--epochs", "3"),
    "hyperband": ("--tuner", "hyperband", "--epochs", "4"),
    "auto": ("--tuner", "auto", "--max-trials", "12", "--epochs", "3"),
}
KILLS = 5


def real_trials() -> Outcome:
    with installed(1, fake=False, site=False, SLOTS="1") as there:
        # The bundled datasets and templates, without reading the spaces of all of them.
        there.manage("bootstrap")
        there.execute("DELETE FROM tuning_inspection")
        for words in SEARCHES.values():
            _tune(there, words).wait()
        calm = there.count("tuning_trial") // len(SEARCHES)
        killed: Counter[str] = Counter()
        for words in SEARCHES.values():
            before = there.count("tuning_search")
            tune = _tune(there, words)
            there.wait(lambda n=before: there.count("tuning_search") > n, "the search began")
            killed += kill_until_done(there, KILLS, calm, "runner", "worker")
            tune.wait()
        found, ledger = histories(there), audit(there.rows())
    same: dict[str, bool] = {}
    for place, name in enumerate(SEARCHES):
        undisturbed, disturbed = found[place], found[place + len(SEARCHES)]
        same[f"{name}: the same values, rounds and scores"] = undisturbed == disturbed
    figures: dict[str, Any] = ledger.figures | {"killed": counted(killed)}
    return Outcome(figures, promises_of(ledger) | same)


def _tune(there: Installation, words: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "manage.py", *COMMON, *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=there.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
