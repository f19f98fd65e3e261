"""A page of many trials, filtered and sorted: Tuneroom against its peers, in one run.

    .venv/bin/pip install tensorboard==2.21.0
    python3 -m venv peers && peers/bin/pip install optuna-dashboard==0.21.0
    .venv/bin/python benchmarks/tables.py --peers peers/bin/python

The same 10,000 trials of 8 hyperparameters and 5 epochs each go into Tuneroom's database, a
TensorBoard log folder and an Optuna study. Tuneroom filters by two columns, sorts by a third and
sends a page of 100; TensorBoard's HPARAMS tab sorts and sends its 100; Optuna Dashboard sends the
study, as its pages do not work without the whole of it. Tuneroom is measured with 100,000 trials
and on a PostgreSQL of its own as well. Times are those of the server and the best of several, to
which other work on the machine adds least; sizes are those on the wire, compressed if the program
does that.
"""

import argparse
import gzip
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FILTER = "metric:val_loss__lt=0.6&hp:learning_rate__lt=0.01&sort=metric:val_loss"
ASKED = {
    "filter, sort, page": f"trials/?{FILTER}",
    "filter, top 10 %": f"trials/?{FILTER}&score__top=10%25",
    "colours": "trials/?sort=score&colour=score&colour=hp:optimizer",
    "parallel coordinates": "plots/parallel.json",
    "the search's page": "",
    "history of the search": "plots.json",
    "no news of the trials": "trials/?since={revision}",
    "no news of the search": "live/?since={revision}",
}
PEER_TRIALS, MANY_TRIALS = 10_000, 100_000

# Runs in the peers' own environment: python -c OPTUNA trials.json study.db
OPTUNA = """
import io, json, sys, time
import optuna, optuna_dashboard
from optuna.distributions import json_to_distribution
optuna.logging.set_verbosity(optuna.logging.ERROR)
data = json.load(open(sys.argv[1]))
kinds = {name: json_to_distribution(text) for name, text in data["distributions"].items()}
storage = optuna.storages.RDBStorage(f"sqlite:///{sys.argv[2]}")
study = optuna.create_study(storage=storage, direction="maximize", study_name="trials")
study.add_trials([
    optuna.trial.create_trial(
        params=t["values"], distributions={name: kinds[name] for name in t["values"]},
        value=t["score"], intermediate_values=dict(enumerate(t["epochs"])),
        state=optuna.trial.TrialState.COMPLETE if t["score"] is not None
        else optuna.trial.TrialState.FAIL)
    for t in data["trials"]])
app = optuna_dashboard.wsgi(optuna.storages.RDBStorage(f"sqlite:///{sys.argv[2]}"))
def get(path):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "after=0",
               "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
               "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}
    status = []
    started = time.perf_counter()
    body = b"".join(app(environ, lambda s, h, e=None: status.append(s)))
    assert status[0].startswith("200"), status
    return time.perf_counter() - started, len(body)
cold, size = get("/api/studies/1")
warm = min(get("/api/studies/1")[0] for _ in range(3))
importances = get("/api/studies/1/param_importances")[0]
print(json.dumps({"cold": cold, "warm": warm, "bytes": size, "importances": importances}))
"""


def best(work: Callable[[], Any], times: int = 15) -> float:
    """Seconds, after one try that warms up."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def line(what: str, seconds: float, size: int | None = None) -> None:
    text = f"{what:60}{seconds * 1000:10,.1f} ms"
    print(text + (f"{size / 1000:10,.0f} KB" if size is not None else ""), flush=True)


# --- Tuneroom ---------------------------------------------------------------------------------


def start_django() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def measure_ours(count: int, epochs: int) -> Any:
    """Prints what the trials page costs the server. Returns the search."""
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from benchmarks.big_search import fill

    search = fill(count, epochs)
    with connection.cursor() as cursor:
        # As autovacuum and long use do.
        cursor.execute("ANALYZE")
    # As the page's scripts ask.
    client = Client(headers={"Accept-Encoding": "gzip", "HX-Request": "true"})
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(User.objects.get(username="alice"), backend=backend)
    for name, path in ASKED.items():
        url = f"{reverse('search-detail', args=[search])}{path.format(revision=search.revision)}"

        def ask(url: str = url) -> Any:
            # Nobody asked for the same before.
            cache.clear()
            return client.get(url)

        assert ask().status_code in (200, 204), url
        what = f"Tuneroom, {connection.display_name}, {count:,} trials: {name}"
        line(what, best(ask), len(ask().content))
    return search


def measure_on_postgres(counts: list[int]) -> None:
    """In a process of its own, as settings are read once."""
    import psycopg

    from tests.programs import running_postgres

    with running_postgres() as server:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE benchmark")
        subprocess.run(
            [sys.executable, __file__, "--only-ours", ",".join(map(str, counts))],
            env={**os.environ, "DATABASE_URL": f"{server}/benchmark"}, check=True,
        )  # fmt: skip


# --- TensorBoard ------------------------------------------------------------------------------


def write_log_folder(search: Any, folder: Path) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import api
    from tensorboard.summary.writer.record_writer import RecordWriter

    def write(path: Path, events: list[Any]) -> None:
        path.mkdir(parents=True)
        with (path / "events.out.tfevents.1.x").open("wb") as file:
            writer = RecordWriter(file)
            for event in [Event(file_version="brain.Event:2"), *events]:
                writer.write(event.SerializeToString())

    metrics = [api.Metric("val_accuracy"), api.Metric("val_loss")]
    names = sorted({name for values in search.trials.values_list("values", flat=True)[:50]
                    for name in values})  # fmt: skip
    config = api.hparams_config_pb(hparams=[api.HParam(n) for n in names], metrics=metrics)
    write(folder / "top", [Event(summary=config)])
    for trial in search.trials.prefetch_related("epochs").iterator(1000):
        events = [Event(summary=api.hparams_pb(trial.values, trial_id=str(trial.number)))]
        for epoch in trial.epochs.all():
            values = [Summary.Value(tag=n, simple_value=v) for n, v in epoch.metrics.items()]
            events.append(Event(step=epoch.epoch, summary=Summary(value=values)))
        write(folder / f"trial-{trial.number:05d}", events)


def measure_tensorboard(folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", "--logdir", folder, "--port", str(port),
         "--reload_interval", "3600"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    body = {
        "experimentName": "", "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS",
        "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"metric": {"group": "", "tag": "val_loss"}, "order": "ORDER_ASC"}],
        "startIndex": 0, "sliceSize": 100,
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/data/plugin/hparams/session_groups",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Accept-Encoding": "gzip"},
    )
    answers: list[bytes] = []

    def ask() -> None:
        with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
            answers[:] = [response.read()]

    def total() -> int:
        text = answers[0]
        found = json.loads(gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text)
        return int(found.get("totalSize", 0))

    try:
        end = time.monotonic() + 600
        while time.monotonic() < end:
            try:
                ask()
                if total() >= PEER_TRIALS * 0.99:
                    break
            except OSError:
                pass
            time.sleep(2)
        else:
            raise SystemExit(f"TensorBoard read only {total()} trials in 10 minutes")
        line(f"TensorBoard HPARAMS, {total():,} trials: sort, page", best(ask, 5),
             len(answers[0]))  # fmt: skip
    finally:
        server.terminate()
        server.wait(20)


# --- Optuna Dashboard -------------------------------------------------------------------------


def measure_optuna(search: Any, python: str, folder: Path) -> None:
    trials = [
        {"values": {"momentum": 0.0, **trial.values}, "score": trial.score,
         "epochs": [epoch.metrics["val_accuracy"] for epoch in trial.epochs.all()]}
        for trial in search.trials.prefetch_related("epochs").order_by("number")
    ]  # fmt: skip
    (folder / "trials.json").write_text(
        json.dumps({"trials": trials, "distributions": _distributions(search)})
    )
    done = subprocess.run(
        [python, "-c", OPTUNA, str(folder / "trials.json"), str(folder / "study.db")],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    name = f"Optuna Dashboard, {len(trials):,} trials"
    line(f"{name}: the study, warm", found["warm"], found["bytes"])
    line(f"{name}: the study, cold", found["cold"], found["bytes"])
    line(f"{name}: importances", found["importances"])


def _distributions(search: Any) -> dict[str, str]:
    kinds = {}
    for entry in search.space["space"]:
        config = entry["config"]
        if "min_value" in config:
            name = f"{entry['class_name']}Distribution"
            about: dict[str, Any] = {"low": config["min_value"], "high": config["max_value"],
                                     "log": config["sampling"] == "log",
                                     "step": config["step"]}  # fmt: skip
        else:
            name = "CategoricalDistribution"
            about = {"choices": config.get("values", [True, False])}
        kinds[config["name"]] = json.dumps({"name": name, "attributes": about})
    return kinds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", help="a Python with optuna-dashboard")
    parser.add_argument("--only-ours", metavar="COUNTS", help="these counts, and no peers")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"TUNEROOM_DATA": name, "LOG_LEVEL": "ERROR"}
        start_django()
        if options.only_ours:
            for count in options.only_ours.split(","):
                measure_ours(int(count), 0)
            return
        search = measure_ours(PEER_TRIALS, 5)
        measure_ours(MANY_TRIALS, 0)
        measure_on_postgres([PEER_TRIALS, MANY_TRIALS])
        write_log_folder(search, folder / "logs")
        measure_tensorboard(folder / "logs")
        if options.peers:
            measure_optuna(search, options.peers, folder)


if __name__ == "__main__":
    main()
