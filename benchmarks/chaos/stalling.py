"""A worker that sleeps past its leases and wakes up: it must change nothing any more."""

import signal
import time

from .installation import Installation, installed
from .killing import promises_of
from .ledger import audit
from .outcome import Outcome

# A lease and a pass of the reaper.
STALL_SECONDS = 45 + 15 + 5


def stalls() -> Outcome:
    with installed(2, site=False) as there:
        # Long enough to be in the middle of one.
        there.search({"tuner": "random", "max_trials": 24, "epochs": 20}, seconds=0.4)
        there.wait(lambda: _workers(there) == 2, "both workers train")
        sleeper = there.of_kind("worker")[0]
        sleeper.suspend()
        began = time.monotonic()
        there.wait(lambda: there.count("tuning_trial WHERE lost_attempts > 0") >= 2,
                   "its two trials are taken from it", 2 * STALL_SECONDS)  # fmt: skip
        taken_after = time.monotonic() - began
        # Whatever the runners said meanwhile lies in their pipes.
        time.sleep(max(0, STALL_SECONDS - taken_after))
        sleeper.send_signal(signal.SIGCONT)
        there.wait(lambda: not there.searching(), "the search has ended")
        # It has woken up, looked and been refused.
        there.wait(lambda: not there.count(
            "tuning_worker w JOIN tuning_trial t ON t.worker_id = w.id WHERE t.status = 'running'"
        ), "nothing runs any more")  # fmt: skip
        ledger = audit(there.rows())
        back = sleeper.is_running()
    figures = ledger.figures | {"seconds until its trials were taken": round(taken_after, 1)}
    return Outcome(figures, promises_of(ledger) | {"the worker continues afterwards": back})


def _workers(there: Installation) -> int:
    rows = there.query(
        "SELECT count(DISTINCT worker_id) AS n FROM tuning_trial"
        " WHERE status = 'running' AND epochs_done > 0"
    )
    return int(rows[0]["n"])
