"""From pressing Start to the first epoch's row: with a worker that has just started (cold), with
one that has been idle for a while (warm), and right after another search ended. The promise: under
10 s, and on 2 idle cores under 1 s for the other two.
"""

import time

from tuneroom import Running, tuneroom

TUNE = ["tune", "--dataset", "digits", "--template", "cnn", "--max-trials", "2", "--epochs", "3"]
FIRST_EPOCH = (
    "SELECT (julianday(MIN(e.created_at)) - julianday(s.created_at)) * 86400"
    " FROM tuning_search s JOIN tuning_trial t ON t.search_id = s.id"
    " JOIN tuning_epoch e ON e.trial_id = t.id GROUP BY s.id ORDER BY s.id"
)
SET_UP_IS_DONE = (
    "SELECT 1 WHERE NOT EXISTS"
    " (SELECT 1 FROM tuning_inspection WHERE status IN ('queued', 'running'))"
)
# Spare runners are started one after the other once the last work has ended.
IDLE_SECONDS = 15


def measure(running: Running, pause: float = 0) -> float:
    """Seconds that the first epoch of a new search takes."""
    time.sleep(pause)
    running.manage(*TUNE)
    return float(running.query(FIRST_EPOCH)[-1][0])


def main() -> None:
    with tuneroom() as running:
        running.wait("SELECT 1 FROM tuning_inspection WHERE status = 'completed'")
        cold = [measure(running)]
        running.wait(SET_UP_IS_DONE)
        pairs = [(measure(running, IDLE_SECONDS), measure(running)) for _ in range(3)]
    warm, after_another = zip(*pairs, strict=True)
    for name, found in (("cold", cold), ("warm", warm), ("right after another", after_another)):
        print(f"{name:20}", ", ".join(f"{seconds:.2f} s" for seconds in found))


if __name__ == "__main__":
    main()
