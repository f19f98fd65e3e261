"""The broker or the database is away for a while."""

import signal
import subprocess
import time
from typing import Any

from .installation import Installation, Part, installed
from .killing import promises_of
from .ledger import audit
from .outcome import Outcome

TIMES = 10
TRIALS = 120
# Longer than the timeout of a socket, which is 5 s.
HOLE_SECONDS = 7
LOCK_SECONDS = 15


def broker() -> Outcome:
    """Redis in turn emptied, killed and started again, and stopped so that it takes connections
    and answers nothing."""
    import redis

    with installed(2, redis=True) as there:
        there.search({"tuner": "random", "max_trials": TRIALS, "parallel_trials": 4}, seconds=0.4)
        part = there.part("redis")
        for number in range(TIMES):
            before = there.finished()
            assert part.process
            if number % 3 == 0:
                with redis.Redis.from_url(there.environment["REDIS_URL"]) as client:
                    client.flushall()
            elif number % 3 == 1:
                part.process.kill()
            else:
                part.process.send_signal(signal.SIGSTOP)
                time.sleep(HOLE_SECONDS)
                part.process.send_signal(signal.SIGCONT)
            there.wait(lambda n=before: there.finished() > n or not there.searching(),
                       "trials go on")  # fmt: skip
        there.wait(lambda: not there.searching(), "the search has ended")
        ledger = audit(there.rows())
    figures = ledger.figures | {"times emptied, killed or silent": TIMES}
    no_attempt = {"no attempt was lost": ledger.lost_attempts == 0}
    return Outcome(figures, promises_of(ledger) | no_attempt)


def postgres() -> Outcome:
    """Restarted ten times, every second time by `kill -9`."""
    with installed(2, postgres=True) as there:
        there.search({"tuner": "random", "max_trials": TRIALS, "parallel_trials": 4}, seconds=0.3)
        part = there.part("postgres")
        for number in range(TIMES):
            before = there.finished()
            _end(part, signal.SIGKILL if number % 2 else signal.SIGINT)
            there.wait(lambda n=before: there.finished() > n or not there.searching(),
                       "trials go on")  # fmt: skip
        there.wait(lambda: not there.searching(), "the search has ended")
        ledger = audit(there.rows())
    figures = ledger.figures | {"restarts": part.starts - 1}
    return Outcome(figures, promises_of(ledger))


def _end(part: Part, number: int) -> None:
    assert part.process
    part.process.send_signal(number)
    try:
        part.process.wait(30)
    except subprocess.TimeoutExpired:
        part.process.kill()


def sqlite_lock() -> Outcome:
    """Another program holds the write lock of SQLite for 15 s, as a backup tool may."""
    with installed(2) as there:
        there.search({"tuner": "random", "max_trials": 40, "parallel_trials": 4}, seconds=0.3)
        there.wait(lambda: there.finished() >= 4, "trials run")
        with there.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = _finished(connection)
            time.sleep(LOCK_SECONDS)
            during = _finished(connection) - before
            connection.execute("ROLLBACK")
        there.wait(lambda: not there.searching(), "the search has ended")
        ledger = audit(there.rows())
    figures = ledger.figures | {"seconds locked": LOCK_SECONDS, "results meanwhile": during}
    promises = promises_of(ledger) | {"no attempt was lost": ledger.lost_attempts == 0}
    return Outcome(figures, promises)


def _finished(connection: Any) -> int:
    sql = "SELECT count(*) AS n FROM tuning_trial WHERE status = 'completed'"
    return int(connection.execute(sql).fetchone()["n"])


def messages() -> Outcome:
    """Every hint comes five times, and more of them than there is work."""
    with installed(2, redis=True) as there:
        there.search({"tuner": "random", "max_trials": TRIALS, "parallel_trials": 4}, seconds=0.05)
        sent = 0
        while there.searching():
            sent += _send_hints(there)
            time.sleep(0.1)
        ledger = audit(there.rows())
    return Outcome(ledger.figures | {"hints": sent}, promises_of(ledger))


def _send_hints(there: Installation) -> int:
    from celery import Celery

    with Celery(broker=there.environment["REDIS_URL"]) as app:
        for name in ("tuning.work", "tuning.dispatch", "tuning.reap"):
            for _ in range(5):
                app.send_task(name, expires=30)
    return 15
