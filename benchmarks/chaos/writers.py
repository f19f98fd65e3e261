"""Four programs that write into one SQLite database as fast as they can.

python -m benchmarks.chaos.writers FOLDER
"""

import json
import sys
import time
from functools import partial
from pathlib import Path

from .outcome import Outcome
from .programs_of_their_own import run_module

WRITERS, SECONDS = 4, 60


def writers() -> Outcome:
    found = run_module("benchmarks.chaos.writers")
    writes = sum(each["writes"] for each in found["writers"])
    locked = sum(each["locked"] for each in found["writers"])
    figures = {
        "writers": WRITERS,
        "seconds": SECONDS,
        "transactions": writes,
        "transactions a second": round(writes / SECONDS),
        "“database is locked”": locked,
        "longest wait, s": max(each["longest"] for each in found["writers"]),
    }
    promises = {
        "each epoch that was written is there": found["epochs"] == writes,
        "no “database is locked”": locked == 0,
    }
    return Outcome(figures, promises)


def main(folder: Path) -> None:
    from tuning.models import Epoch
    from tuning.supervisor.worker import register

    from .forks import side_by_side
    from .prepare import start_searches

    settings = {"tuner": "sobol", "max_trials": 10, "epochs": 1_000_000}
    start_searches([settings] * WRITERS, seconds=0.0)
    register("writers", WRITERS, [])
    files = [folder / f"{number}.json" for number in range(WRITERS)]
    if any(side_by_side([partial(_write, number, file) for number, file in enumerate(files)])):
        raise SystemExit("A writer failed.")
    told = [json.loads(file.read_text()) for file in files]
    print(json.dumps({"writers": told, "epochs": Epoch.objects.count()}))


def _write(number: int, file: Path) -> None:
    """An epoch a transaction, as a supervisor with very short epochs does."""
    from django.db import OperationalError

    from tuning.models import Search, Worker
    from tuning.protocol.events import EpochEnd
    from tuning.recording import recorder
    from tuning.recording.recorder import News
    from tuning.supervisor.claims import Slot, claim_trial_of

    search = Search.objects.order_by("pk")[number]
    trial = claim_trial_of(search.pk, Slot(Worker.objects.get(), number))
    assert trial
    writes = locked = 0
    longest, end = 0.0, time.monotonic() + SECONDS
    while (began := time.monotonic()) < end:
        epoch = EpochEnd(0, writes + 1, 0.1, {"val_accuracy": 0.5, "loss": 0.5})
        try:
            recorder.record_news(trial, News([epoch], writes + 1))
            writes += 1
        except OperationalError:
            locked += 1
        longest = max(longest, time.monotonic() - began)
    file.write_text(json.dumps({"writes": writes, "locked": locked, "longest": round(longest, 2)}))


if __name__ == "__main__":
    from .programs_of_their_own import set_up

    main(set_up(sys.argv[1]))
