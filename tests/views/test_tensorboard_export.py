"""The log folder of a search, as the real TensorBoard shows it."""

import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.services import PATIENCE, wait_for
from tuning.analysis.tensorboard.log_folder import BATCH, log_folder
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status

# With a module of this name TensorBoard leaves TensorFlow out, whose import takes seconds. Its data
# server reads the files, with or without TensorFlow.
WITHOUT_TENSORFLOW = """
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.main import run_main
run_main()
"""


@pytest.fixture
def told(search: Search, add_trial: Any) -> Search:
    """A search whose last trials failed, run and use a conditional hyperparameter."""
    values = {"units": 24, "optimizer": "sgd", "momentum": 0.3, "learning_rate": 0.05}
    add_trial(search, 4, 0.7, values=values)
    add_trial(search, 5, None, status=Status.FAILED, metrics={}, failure_code="code_error")
    for trial in search.trials.filter(number__lte=3):
        for epoch in (2, 3):
            Epoch.objects.create(
                trial=trial, attempt=1, execution=0, epoch=epoch, seconds=0.5,
                metrics={"val_accuracy": 0.1 * epoch, "val_loss": None},
            )  # fmt: skip
    # Of an attempt that was lost.
    Epoch.objects.create(
        trial=search.trials.get(number=4),
        attempt=0,
        execution=0,
        epoch=1,
        seconds=1,
        metrics={"loss": 9},
    )
    search.refresh_from_db()
    return search


def unpacked(search: Search, client: Client, folder: Path) -> Path:
    response = client.get(reverse("search-tensorboard", args=[search]))
    assert response.status_code == 200
    assert ".zip" in response["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(response.getvalue())) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def ask(tmp_path: Path, told: Search, as_dora: Client) -> Iterator[Callable[..., Any]]:
    """A function that asks a TensorBoard that shows the search."""
    folder, log = unpacked(told, as_dora, tmp_path / "logs"), tmp_path / "log"
    # It chooses its port itself: by the time it listens, another program would have a free one.
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, "--logdir", str(folder),
               "--host", "127.0.0.1", "--port", "0"]  # fmt: skip
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output)

    def address() -> str:
        assert server.poll() is None, log.read_text()
        found = re.search(r" at (http://\S+/) ", log.read_text())
        return found[1] if found else ""

    def get(path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{url}data/{path}", data)  # noqa: S310  our own
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def has_all_runs() -> bool:
        """It lists runs before it has read their files."""
        try:
            get("plugin/hparams/experiment", {})
            tags = get("plugin/scalars/tags")
        except urllib.error.URLError:
            return False
        return len(tags) == told.trials.count() and all(tags.values())

    try:
        url = wait_for(address, "TensorBoard listens")
        wait_for(has_all_runs, "TensorBoard has read all runs")
        yield get
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.mark.services
def test_tensorboard_shows_what_the_rows_hold(ask: Callable[..., Any], told: Search) -> None:
    experiment = ask("plugin/hparams/experiment", {})
    infos = {info["name"]: info for info in experiment["hparamInfos"]}
    assert infos["learning_rate"]["domainInterval"] == {"minValue": 0.0001, "maxValue": 0.1}
    assert infos["optimizer"]["domainDiscrete"] == ["adam", "sgd"]
    metrics = [info["name"]["tag"] for info in experiment["metricInfos"]]
    assert metrics[0] == "best/val_accuracy"
    assert set(metrics) >= {"best/val_loss", "val_accuracy", "val_loss"}

    question = {
        "startIndex": 0, "sliceSize": 100,
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"metric": {"tag": "best/val_accuracy"}, "order": "ORDER_DESC"}],
    }  # fmt: skip
    groups = ask("plugin/hparams/session_groups", question)["sessionGroups"]
    assert [group["name"] for group in groups[:4]] == [
        f"trial-{trial.number:04}" for trial in told.trials.best_first("max")
    ]
    by_name = {group["name"]: group for group in groups}
    for trial in told.trials.finished():
        group = by_name[f"trial-{trial.number:04}"]
        assert group["hparams"] == trial.values
        found = {
            value["name"]["tag"]: value["value"]
            for value in group.get("metricValues", [])
            if value["name"]["tag"].startswith("best/")
        }
        assert found == {
            f"best/{name}": pytest.approx(value) for name, value in trial.metrics.items()
        }
        (session,) = group["sessions"]
        completed = trial.status == Status.COMPLETED
        assert session["status"] == ("STATUS_SUCCESS" if completed else "STATUS_FAILURE")

    tags = ask("plugin/scalars/tags")
    trial = told.trials.get(number=1)
    assert set(tags["trial-0001"]) >= {"val_accuracy", "val_loss", "best/val_accuracy"}
    points = ask("plugin/scalars/scalars?run=trial-0001&tag=val_accuracy")
    assert [(step, value) for _, step, value in points] == [
        (epoch.epoch, pytest.approx(epoch.metrics["val_accuracy"])) for epoch in trial.epochs.all()
    ]
    times = [time for time, _, _ in points]
    assert times[0] == pytest.approx(trial.started_at.timestamp() + 0.5)
    assert times == sorted(times)
    assert [row[1] for row in ask("plugin/scalars/scalars?run=trial-0004&tag=loss")] == [1]


def test_executions_are_sessions_of_their_own(make_search: Any, add_trial: Any) -> None:
    search = make_search(executions_per_trial=2)
    trial = add_trial(search, 1, 0.9)
    Epoch.objects.create(
        trial=trial, attempt=1, execution=1, epoch=1, seconds=1, metrics={"val_accuracy": 0.8}
    )
    with zipfile.ZipFile(io.BytesIO(b"".join(log_folder(search)))) as archive:
        folders = [name.rpartition("/")[0] for name in archive.namelist()]
    assert folders == ["", "trial-0001/execution-0", "trial-0001/execution-1"]


def test_many_trials_are_read_in_batches(
    search: Search, django_assert_max_num_queries: Any
) -> None:
    first = search.trials.get(number=1)
    Trial.objects.bulk_create(
        Trial(
            search=search, number=number, status=Status.COMPLETED, attempt=1, score=0.5,
            metrics={"val_accuracy": 0.5}, values=first.values, started_at=first.started_at,
        )
        for number in range(4, 2 * BATCH + 2)
    )  # fmt: skip
    with django_assert_max_num_queries(5):
        pieces = list(log_folder(search))
    # No piece holds more than the tail of the archive does.
    assert len(pieces) > BATCH
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert len(archive.namelist()) == 2 * BATCH + 2
        assert archive.testzip() is None


def test_a_search_without_trials_is_an_archive_too(
    make_search: Any, as_dora: Client, tmp_path: Path
) -> None:
    search = make_search()
    search.trials.all().delete()
    TrialIndex.objects.all().delete()
    assert len(list(unpacked(search, as_dora, tmp_path).iterdir())) == 1


@pytest.mark.usefixtures("team")
def test_the_search_page_offers_it(search: Search, as_dora: Client) -> None:
    page = as_dora.get(reverse("search-detail", args=[search])).content.decode()
    assert reverse("search-tensorboard", args=[search]) in page
