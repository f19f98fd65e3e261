"""From pressing Start to the first epoch's row: with a worker that has just started (cold), and
with one that has been idle for a while (warm). The promise: under 10 s and under 3 s on 2 cores.
"""

import time

from tuneroom import Running, tuneroom

TUNE = ["tune", "--dataset", "digits", "--template", "cnn", "--max-trials", "2", "--epochs", "3"]
FIRST_EPOCH = (
    "SELECT (julianday(MIN(e.created_at)) - julianday(s.created_at)) * 86400"
    " FROM tuning_search s JOIN tuning_trial t ON t.search_id = s.id"
    " JOIN tuning_epoch e ON e.trial_id = t.id GROUP BY s.id ORDER BY s.id"
)
# A spare runner is started within seconds of the end of the last work, and needs some to be ready.
IDLE_SECONDS = 15


def measure(running: Running) -> list[float]:
    """Seconds for each search so far."""
    running.manage(*TUNE)
    return [float(row[0]) for row in running.query(FIRST_EPOCH)]


def main() -> None:
    with tuneroom() as running:
        running.wait("SELECT 1 FROM tuning_inspection WHERE status = 'completed'")
        cold = measure(running)[-1]
        warm = []
        for _ in range(3):
            time.sleep(IDLE_SECONDS)
            warm.append(measure(running)[-1])
    print(f"cold  {cold:.2f} s")
    print("warm  " + ", ".join(f"{seconds:.2f} s" for seconds in warm))


if __name__ == "__main__":
    main()
