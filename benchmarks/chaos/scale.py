"""How many claims a second: the code of slots and supervisors with fake runners on PostgreSQL,
1,000 workers, 100 searches, 1,000,000 trials.

    python -m benchmarks.chaos.scale FOLDER prepare|load|pages ...

Slots are simulated: each thread claims, records and ends one trial after the other, each time for
another of the workers. The watches of all workers are measured one by one and added up.
"""

import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.programs import Postgres

from .outcome import Outcome, percentile
from .programs_of_their_own import run_module

WORKERS, SEARCHES, TEAMS = 1000, 100, 10
TRIALS, FILLED = 1_000_000, 10_000
# That each search which runs has behind it. A suggestion reads them all.
BEHIND = 1_000
PROCESSES, THREADS, SECONDS = 4, 1, 20
EPOCHS = 3
LOOKS = 50
TABLE = "table of a million trials"
MODULE = "benchmarks.chaos.scale"
# The targets of docs/reliability.md.
CLAIMS, CLAIM_MS, PAGE_MS = 50, 100, 500
DATABASE_CORES = 2


def scale() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="tuneroom-scale-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        (folder / "postgres").mkdir()
        server = Postgres(folder / "postgres", durable=True)
        server.start()
        try:
            return _measure(folder, server)
        finally:
            server.stop()


def _measure(folder: Path, server: Postgres) -> Outcome:
    import psycopg

    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE scale")
    url = f"{server.url}/scale"
    prepared = run_module(MODULE, "prepare", folder=folder, DATABASE_URL=url)
    (alone,) = _in_parallel(folder, url, 1)
    before, busy = _written(url), _processor_seconds(server)
    found = _in_parallel(folder, url, PROCESSES)
    busy, rows = _processor_seconds(server) - busy, _written(url) - before
    paced = _in_parallel(folder, url, PROCESSES, CLAIMS)
    pages = run_module(MODULE, "pages", folder=folder, DATABASE_URL=url)
    watches = run_module(MODULE, "watches", folder=folder, DATABASE_URL=url)
    claims, own, locks = (
        [1000 * each for one in found for each in one[name]] for name in ("claims", "own", "locks")
    )
    at_target = [1000 * each for one in paced for each in one["claims"]]
    reached, slow = len(at_target) / SECONDS, percentile(at_target, 0.95)
    database_ms = 1000 * busy / (len(claims) + PROCESSES * THREADS)
    carried = 1000 * DATABASE_CORES / database_ms
    figures: dict[str, Any] = {
        "trials in rows": prepared["trials"],
        "searches that run": SEARCHES,
        "trials behind each": BEHIND,
        "workers": WORKERS,
        "slots at once": PROCESSES * THREADS,
        "claims a second, all on these cores": round(len(claims) / SECONDS, 1),
        "a claim while no other slot claims, 95 % ms":
            round(1000 * percentile(alone["claims"], 0.95), 1),
        "a claim, median ms": round(percentile(claims, 0.5), 1),
        "a claim, 95 % ms": round(percentile(claims, 0.95), 1),
        f"at {CLAIMS} a second: claims a second": round(reached, 1),
        f"at {CLAIMS} a second: a claim, median ms": round(percentile(at_target, 0.5), 1),
        f"at {CLAIMS} a second: a claim, 95 % ms": round(slow, 1),
        "wait for the lock of a search, 95 % ms": round(percentile(locks, 0.95), 1),
        "rows written a second": round(rows / SECONDS),
        "processor of the worker for a claim, median ms": round(percentile(own, 0.5), 1),
        "processor of the database for a trial, ms": round(database_ms, 1),
        f"trials a second for {DATABASE_CORES} cores of a database, computed": round(carried),
        **{f"{name}, ms": round(ms) for name, ms in pages.items()},
        **watches,
    }  # fmt: skip
    return Outcome(figures, {
        f"{CLAIMS} claims a second, 95 % of them within {CLAIM_MS} ms, all on these cores":
            round(reached) >= CLAIMS and slow <= CLAIM_MS,
        f"{DATABASE_CORES} cores of a database carry {CLAIMS} claims a second, computed":
            carried >= CLAIMS,
        f"the table of {TRIALS:,} trials within {PAGE_MS} ms": pages[TABLE] <= PAGE_MS,
    })  # fmt: skip


def _processor_seconds(server: Postgres) -> float:
    """Of all its processes, ended ones included."""
    assert server.process
    postmaster = psutil.Process(server.process.pid)
    times = [postmaster.cpu_times(), *(child.cpu_times() for child in postmaster.children())]
    ended = times[0].children_user + times[0].children_system
    return float(ended + sum(each.user + each.system for each in times))


def _written(url: str) -> int:
    import psycopg

    sql = (
        "SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database"
        " WHERE datname = 'scale'"
    )
    with psycopg.connect(url) as connection:
        # It counts what sessions have told, which they do once a second.
        time.sleep(1.5)
        row = connection.execute(sql).fetchone()
    assert row
    return int(row[0])


def _in_parallel(folder: Path, url: str, processes: int, a_second: int = 0) -> list[dict[str, Any]]:
    """`a_second`: how many trials all of them together begin; as many as they can if 0."""
    found: list[dict[str, Any]] = []

    where: dict[str, Any] = {"folder": folder, "DATABASE_URL": url}

    def load(number: int) -> None:
        found.append(run_module(MODULE, "load", *map(str, (number, a_second)), **where))

    threads = [threading.Thread(target=load, args=(number,)) for number in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < processes:
        raise SystemExit("A load generator failed.")
    return found


# --- In programs of their own ---------------------------------------------------------------------


def prepare() -> dict[str, Any]:
    from django.utils import timezone

    from benchmarks.big_search import fill
    from tuning.models import Project, Search, Team, Trial, Worker

    search = fill(FILLED, epochs=0)
    now = timezone.now()
    Worker.objects.bulk_create(
        Worker(name=f"worker {n}", slots=1, started_at=now, seen_at=now) for n in range(WORKERS)
    )
    teams = [Team.objects.create(name=f"Team {n}") for n in range(TEAMS)]
    project, running = search.project, []
    for number in range(SEARCHES):
        own = Project.objects.create(
            team=teams[number % TEAMS], name=f"Running {number}", dataset=project.dataset,
            hypermodel=project.hypermodel,
        )  # fmt: skip
        one = Search.objects.create(
            project=own, hypermodel=own.hypermodel, number=1, space=search.space,
            objective="val_accuracy", direction="max", tuner="sobol", epochs=EPOCHS,
            max_trials=TRIALS, parallel_trials=WORKERS // SEARCHES, status="running",
            index_columns=search.index_columns,
        )  # fmt: skip
        running.append(one.pk)
    search.max_trials = TRIALS
    search.save(update_fields=["max_trials"])
    _multiply(search.pk, running)
    return {"trials": Trial.objects.count()}


def _multiply(search: int, running: list[int]) -> None:
    """Copies, made in the database, of what `fill` made: a million by way of Django takes ten
    minutes. The searches that run get the first ones."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM tuning_trial")
        first = int(cursor.fetchone()[0])
        for table, key in (("tuning_trial", "id"), ("tuning_trialindex", "trial_id")):
            fields = connection.introspection.get_table_description(cursor, table)
            names = [field.name for field in fields]
            step = f"g * {FILLED}"
            more = {key: f"{key} + {step}", "number": f"number + {step}"}
            more |= {"end_order": f"end_order + {step}", "is_baseline": "false"}
            more |= {"layers": "''", "log_tail": "''"}
            series = f"generate_series(1, {TRIALS // FILLED - 1}) g"
            cursor.execute(_copying(table, names, more, series, f"search_id = {search}"))
            place = f"{first + TRIALS} + (s.place - 1) * {BEHIND} + number"
            own = {key: place, "search_id": "s.id", "layers": "''", "log_tail": "''"}
            searches = f"unnest(ARRAY{running}) WITH ORDINALITY s(id, place)"
            chosen = f"search_id = {search} AND number <= {BEHIND}"
            cursor.execute(_copying(table, names, own, searches, chosen))
        last = "pg_get_serial_sequence('tuning_trial', 'id')"
        cursor.execute(f"SELECT setval({last}, max(id)) FROM tuning_trial")  # noqa: S608
    _vacuum()


def _copying(table: str, names: list[str], changed: dict[str, str], source: str, where: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {values} "  # noqa: S608
        f"FROM (SELECT * FROM {table} WHERE {where}) t, {source}"
    )


def _vacuum() -> None:
    """As PostgreSQL does by itself after a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def load(number: int, a_second: int) -> dict[str, Any]:
    """Slots of this process, for a while."""
    from tuning.models import Worker

    workers = list(Worker.objects.order_by("pk")[number::PROCESSES])
    apart = PROCESSES * THREADS / a_second if a_second else 0.0
    slots = [_Slots(workers[n::THREADS], apart) for n in range(THREADS)]
    threads = [threading.Thread(target=one.run) for one in slots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors := [one.error for one in slots if one.error]:
        raise errors[0]
    return {
        "claims": [each for one in slots for each in one.claims],
        "own": [each for one in slots for each in one.own],
        "locks": [each for one in slots for each in one.locks],
    }


class _Slots:
    """One thread that is the slots of many workers, one after the other. `apart`: seconds from the
    beginning of one trial to the next one's."""

    def __init__(self, workers: list[Any], apart: float) -> None:
        self.workers, self.apart = workers, apart
        self.claims: list[float] = []
        # Their processor time, without the database's.
        self.own: list[float] = []
        self.locks: list[float] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        from django.db import connection

        from tuning.models import Search
        from tuning.protocol.statuses import SearchStatus
        from tuning.supervisor.suggestions import draw

        try:
            # What is loaded once takes seconds, and a worker remembers the searches it works for.
            self._trial(self.workers[0])
            for search in Search.objects.with_status(SearchStatus.RUNNING):
                draw(search, search.last_number() + 1)
            self.claims, self.own = [], []
            connection.execute_wrappers.append(self._note_lock)
            due = time.monotonic()
            end = due + SECONDS
            for worker in itertools.cycle(self.workers):
                self._trial(worker)
                due += self.apart
                # Behind, it begins at once.
                time.sleep(max(due - time.monotonic(), 0.0))
                if time.monotonic() > end:
                    break
        except BaseException as error:  # noqa: BLE001  told to whoever waits
            self.error = error
        finally:
            connection.close()

    def _trial(self, worker: Any) -> None:
        from tuning.protocol.events import EpochEnd
        from tuning.recording import recorder
        from tuning.recording.recorder import News
        from tuning.supervisor.claims import Slot, claim_next

        began, used = time.monotonic(), time.thread_time()
        trial = claim_next(Slot(worker, 0))
        if trial is None:
            return
        self.claims.append(time.monotonic() - began)
        self.own.append(time.thread_time() - used)
        metrics = {"val_accuracy": 0.5, "loss": 0.5, "accuracy": 0.5, "val_loss": 0.5}
        epochs = [EpochEnd(0, epoch, 1.0, metrics) for epoch in range(1, EPOCHS + 1)]
        recorder.record_news(trial, News(epochs[:-1], EPOCHS - 1, {"parameters": 100}))
        type(trial).objects.renew(trial.pk, trial.attempt)
        recorder.complete_trial(trial, metrics, EPOCHS - 1, news=News(epochs[-1:], EPOCHS))

    def _note_lock(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        began = time.monotonic()
        try:
            return execute(sql, *rest)
        finally:
            if 'FROM "tuning_search"' in sql and "FOR UPDATE" in sql:
                self.locks.append(time.monotonic() - began)


def pages() -> dict[str, float]:
    """The best of three, caches emptied each time."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.cache import caches
    from django.core.management import call_command
    from django.test import Client
    from django.urls import reverse

    from tuning.models import Search

    call_command("collectstatic", interactive=False, verbosity=0)
    settings.ALLOWED_HOSTS = ["*"]
    search = Search.objects.get(max_trials=TRIALS, status="completed")
    client = Client()
    alice = User.objects.get(username="alice")
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    table = reverse("trial-list", args=[search])
    addresses = {
        TABLE: table,
        "sorted by score": f"{table}?sort=score",
        "filtered by two columns": f"{table}?metric:val_loss__lt=0.6&hp:learning_rate__lt=0.01",
        "page of the search": reverse("search-detail", args=[search]),
    }
    found = {}
    for name, address in addresses.items():
        taken = []
        for _ in range(3):
            for cache in caches.all():
                cache.clear()
            began = time.perf_counter()
            answer = client.get(address)
            taken.append(1000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise SystemExit(f"{address}: {answer.status_code}")
        found[name] = min(taken)
    return found


def watches() -> dict[str, Any]:
    """What the watches of workers ask of the database, each every few seconds."""
    from tuning.models import Worker
    from tuning.models.workers import WATCH_SECONDS
    from tuning.supervisor import schedule
    from tuning.supervisor.worker import LOOKING, REAP_EVERY, WorkerProcess

    process, row = WorkerProcess(), Worker.objects.first()
    assert row

    def beat() -> None:
        process._beat(row)
        process._obey(row)

    beats, looks, reaps = _cost(beat), _cost(schedule.claimable), _cost(schedule.reap)
    told = {"heartbeat": beats, "look for work": looks, "reaping": reaps}
    figures: dict[str, Any] = {
        f"a worker's {name}": f"{ms:.1f} ms of the database, {queries} queries"
        for name, (ms, queries) in told.items()
    }
    share = min(1.0, LOOKING / WORKERS)
    for name, turn in (("if all looked each time", 1.0), ("as they take turns", share)):
        seconds = beats[0] / WATCH_SECONDS
        seconds += turn * (looks[0] / WATCH_SECONDS + reaps[0] / REAP_EVERY)
        figures[f"cores of the database for {WORKERS:,} idle workers, {name}"] = round(
            WORKERS * seconds / 1000, 1
        )
    return figures


def _cost(look: Callable[[], Any]) -> tuple[float, int]:
    """Milliseconds of the database's processor, and queries."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])
    queries = 0

    def count(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*rest)

    look()
    before = sum(backend.cpu_times()[:2])
    with connection.execute_wrapper(count):
        for _ in range(LOOKS):
            look()
    return 1000 * (sum(backend.cpu_times()[:2]) - before) / LOOKS, queries // LOOKS


TASKS: dict[str, Callable[..., Any]] = {
    "prepare": prepare, "load": load, "pages": pages, "watches": watches,
}  # fmt: skip

if __name__ == "__main__":
    from .programs_of_their_own import set_up

    set_up(sys.argv[1])
    print(json.dumps(TASKS[sys.argv[2]](*map(int, sys.argv[3:]))))
