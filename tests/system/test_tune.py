"""`manage.py tune`: the main job without a browser, with real runners."""

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.images import digit_images, zip_of
from tests.runner.warm import python
from tests.services import (
    OFFLINE,
    PATIENCE,
    ROOT,
    Tuneroom,
    answers,
    manage,
    processes_with,
    rows_of,
    set_up_tuneroom,
    start_tuneroom,
    wait_for,
)
from tests.storage.s3_server import KEYS, S3Server

MEDMNIST = Path(__file__).parents[1] / "cases" / "medmnist_like.npz"
pytestmark = [pytest.mark.tensorflow, pytest.mark.services]


def words(**options: Any) -> list[str]:
    given = {"dataset": "digits", "template": "cnn", "max-trials": 2, "epochs": 1, **options}
    flags = [(f"--{name.replace('_', '-')}", value) for name, value in given.items()]
    return ["tune", *(str(w) for flag, v in flags for w in ([flag] if v is True else [flag, v]))]


def test_it_uses_a_running_worker_and_leaves_a_file(tuneroom: Tuneroom, tmp_path: Path) -> None:
    output = tmp_path / "best.keras"
    done = tuneroom.manage(*words(retrain=True, output=output), timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No worker is available" not in done.stdout
    assert "Test split: accuracy" in done.stdout
    code = f"import keras; print(keras.models.load_model({str(output)!r}).input_shape)"
    loaded = python("-c", code)
    assert loaded.stdout.strip() == "(None, 8, 8, 1)"


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"dataset": "nonsense"}, "Unknown dataset 'nonsense'. Available: digits"),
    ({"template": "nonsense"}, "Unknown template 'nonsense'. Available: cnn"),
    ({"template": "dense"}, "does not fit"),
    ({"epochs": 0}, "--epochs: "),
    (
        {"batch_size": 5000},
        "--batch-size: The batch size exceeds the 1,258 training rows",
    ),
    ({"objective": "val_f2"}, "--objective: The template does not report “val_f2”"),
    ({"output": "x.keras"}, "--output requires --retrain"),
    ({"retrain": True, "output": "/no/such/folder/x.keras"}, "No such folder:"),
]
# To start Python with Django takes longer than to refuse.
MANAGE_EACH = """
import contextlib, io, json, runpy, sys, traceback

told = []
for words in json.load(sys.stdin):
    sys.argv = ["manage.py", *words]
    status, errors = 0, io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        try:
            runpy.run_path("manage.py", run_name="__main__")
        except SystemExit as end:
            status = end.code
        except BaseException:
            status = 1
            traceback.print_exc()
    told.append([status, errors.getvalue()])
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def refusals(tuneroom: Tuneroom) -> list[tuple[int, str]]:
    """Status and standard error of `manage.py tune` with each of NONSENSE, in one process."""
    commands = [words(**options) for options, _ in NONSENSE]
    done = subprocess.run(
        [sys.executable, "-c", MANAGE_EACH], input=json.dumps(commands), env=tuneroom.environment,
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found: list[tuple[int, str]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("number", range(len(NONSENSE)))
def test_nonsense_is_refused_with_a_sentence(refusals: list[tuple[int, str]], number: int) -> None:
    status, errors = refusals[number]
    assert status == 1
    assert NONSENSE[number][1] in errors
    assert "Traceback" not in errors


TRANSFER = """
import numpy as np
from tensorflow import keras
from tensorflow.keras import layers
import keras_tuner as kt

data = np.load("pneumoniamnist.npz")
x_train, y_train = data["train_images"], data["train_labels"]


def build_model(hp, image_size: int = 150, num_classes: int = 2):
    inputs = keras.Input(shape=(image_size, image_size, 3))
    base = keras.Sequential([layers.Conv2D(4, 3, strides=2), layers.ReLU()])
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base(layers.Rescaling(1 / 255.0)(inputs)))
    x = layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1))(x)
    outputs = layers.Dense(num_classes, activation="softmax")(x)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


tuner = kt.Hyperband(build_model, objective="val_accuracy", max_epochs=5)
tuner.search(x_train, y_train, epochs=5)
"""


def test_it_takes_files(tuneroom: Tuneroom, tmp_path: Path) -> None:
    """Arrays whose names say nothing: images that become larger and RGB; and a template."""
    with np.load(MEDMNIST) as arrays:
        np.savez(
            tmp_path / "scans.npz", scans=arrays["train_images"], grades=arrays["train_labels"]
        )
    template, output = tmp_path / "transfer.py", tmp_path / "best.keras"
    template.write_text(TRANSFER)
    given = {"dataset": tmp_path / "scans.npz", "template": template, "image_size": 32,
             "colours": "rgb", "max-trials": 1}  # fmt: skip
    asked = tuneroom.manage(*words(**given), timeout=PATIENCE)
    assert asked.returncode == 1
    assert (
        "Cannot detect which arrays are inputs and targets. The file contains: scans (240, 28, "
        "28) uint8, grades (240, 1) uint8. Use --x and --y."
    ) in asked.stderr
    chosen = words(**given, x="scans", y="grades", retrain=True, output=output)
    done = tuneroom.manage(*chosen, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "240 images were converted to RGB." in done.stdout
    with zipfile.ZipFile(output) as archive:
        assert "[null, 32, 32, 3]" in archive.read("config.json").decode()


def test_of_a_file_that_cannot_be_read_nothing_stays(tuneroom: Tuneroom, tmp_path: Path) -> None:
    alone = zip_of(tmp_path / "alone.zip", digit_images(each=5, labels=(1,)))
    # Of tests that use the same copy.
    before = set((tuneroom.data / "uploads").iterdir())
    done = tuneroom.manage(*words(dataset=alone), timeout=PATIENCE)
    assert done.returncode == 1
    assert "There is only one class" in done.stderr
    assert set((tuneroom.data / "uploads").iterdir()) <= before
    assert not rows_of(tuneroom.data, "SELECT 1 FROM tuning_dataset WHERE name = 'alone.zip'")


def test_it_brings_its_own_worker_and_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    """Without a running Tuneroom. Nothing is left behind, what was finished is kept."""
    data = tmp_path / "data"
    environment = set_up_tuneroom(data)
    command = [sys.executable, "manage.py", *words(max_trials=50, epochs=3)]
    with (tmp_path / "out").open("wb") as out:
        tune = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=out,
            # Tests that run in the background inherit that Ctrl-C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    completed = "SELECT 1 FROM tuning_trial WHERE status = 'completed'"
    try:
        wait_for(lambda: rows_of(data, completed), "a trial is completed")
        tune.send_signal(signal.SIGINT)
        assert tune.wait(PATIENCE) == 130
    finally:
        tune.kill()
    text = (tmp_path / "out").read_text()
    assert "No worker is available" in text
    assert "Stopped." in text
    wait_for(lambda: not processes_with("TUNEROOM_DATA", str(data)), "no process is left")
    [search] = rows_of(data, "SELECT status FROM tuning_search")
    assert search["status"] == "stopped"
    assert not rows_of(data, "SELECT 1 FROM tuning_trial WHERE status IN ('running', 'queued')")


# What the page of a trial does, and a script that downloads the model.
RETRAIN = """
from tuning.actions.access_tokens import create_token
from tuning.actions.saved_models import retrain
from tuning.models import Trial
trial = Trial.objects.completed().order_by("pk").first()
user = trial.search.created_by
model = retrain(user, trial)
print(f"/api/v1/projects/{model.project_id}/models/{model.number}/download")
print(create_token(user, "script"))
"""


def test_postgresql_redis_and_s3_carry_the_main_job(
    postgres_url: str, redis_url: str, s3: S3Server, tmp_path: Path
) -> None:
    """And `make up` starts, serves and stops as it does without them. A second machine has no
    folder in common with the first one, which at last only serves the site."""
    import psycopg

    settings = {
        "DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "STORAGE_URL": s3.url, "SLOTS": "1",
        "SECRET_KEY": "of both machines", **KEYS,
    }  # fmt: skip
    tuneroom = start_tuneroom(tmp_path / "data", **settings, **OFFLINE)
    other = {**tuneroom.environment, "TUNEROOM_DATA": str(tmp_path / "other")}

    def query(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres_url) as connection:
            cursor = connection.execute(sql)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def online() -> int:
        return len(query("SELECT 1 FROM tuning_worker"))

    with contextlib.ExitStack() as stack:
        stack.callback(tuneroom.kill)
        wait_for(lambda: answers(f"{tuneroom.url}/health/"), "the site is healthy")
        assert not (tuneroom.data / "db.sqlite3").exists()
        wait_for(online, "the worker is online")
        stack.enter_context(running(other, "up", "--only", "worker"))
        wait_for(lambda: online() == 2, "the worker of the other machine is online")
        done = tuneroom.manage(*words(tuner="hyperband", epochs=2), timeout=PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr + tuneroom.log
        first = "(SELECT min(id) FROM tuning_worker)"
        query(f"UPDATE tuning_worker SET requested = 'pause' WHERE id = {first}")  # noqa: S608
        # It learns of it with its next heartbeat.
        [(paused_at,)] = query("SELECT now()")
        seen_at = f"SELECT seen_at FROM tuning_worker WHERE id = {first}"  # noqa: S608
        wait_for(lambda: query(seen_at)[0][0] > paused_at, "the first worker is paused")
        done = tuneroom.manage("shell", "--verbosity", "0", "-c", RETRAIN)
        assert done.returncode == 0, done.stderr
        path, token = done.stdout.split()[-2:]
        ended = "SELECT status, sha256, file FROM tuning_savedmodel WHERE finished_at IS NOT NULL"
        [(status, sha256, file)] = wait_for(lambda: query(ended), "the model is retrained")
        assert status == "completed"
        assert (tmp_path / "other" / "saved_models" / file).exists()
        assert not (tuneroom.data / "saved_models" / file).exists()
        who = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"{tuneroom.url}{path}", headers=who)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert hashlib.sha256(answer.read()).hexdigest() == sha256
        assert tuneroom.stop() == 0
    for folder in (tuneroom.data, tmp_path / "other"):
        gone = str(folder)
        wait_for(lambda: not processes_with("TUNEROOM_DATA", gone), "every process is gone")  # noqa: B023
    rows = query("SELECT score, metrics FROM tuning_trial")
    assert rows
    for score, metrics in rows:
        values = json.loads(metrics) if isinstance(metrics, str) else metrics
        assert score == values["val_accuracy"]


@contextlib.contextmanager
def running(environment: dict[str, str], *command: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *command], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def test_a_broker_that_is_away_costs_nothing(tmp_path: Path) -> None:
    """The database is the truth; a worker finds its work there, if by no message."""
    data = tmp_path / "data"
    environment = set_up_tuneroom(data, REDIS_URL="redis://127.0.0.1:1/0", **OFFLINE)
    done = manage(*words(max_trials=1), environment=environment, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: not processes_with("TUNEROOM_DATA", str(data)), "no process is left")


def test_help_names_every_option() -> None:
    done = manage("tune", "--help", environment={"PATH": "/usr/bin:/bin"})
    for option in ("--dataset", "--template", "--retrain", "--output", "--tuner"):
        assert option in done.stdout
