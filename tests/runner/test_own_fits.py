"""HyperModels with a `fit` of their own: read, searched with, retrained, unmodified."""

import time
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import EpochEnd, Failed, Retrained, TrialEnd
from tuning.protocol.orders import RetrainOrder

from .harness import Runner, TrialRunner, inspect_templates, project, search_order
from .own_fits import TEMPLATES

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return inspect_templates(datasets, tmp_path_factory.mktemp("fits"), TEMPLATES)


@pytest.mark.parametrize(
    ("name", "space", "metrics", "objective"),
    [
        ("loop", {"units", "batch_size", "learning_rate"}, ["my_metric"], ("my_metric", "min")),
        (
            "much",
            {"units", "normalize", "noise", "weight_of_3", "epochs"},
            ["accuracy", "loss", "val_accuracy", "val_loss"],
            ("", ""),
        ),
        (
            "one_hot",
            {"units"},
            ["accuracy", "loss", "val_error", "best_loss"],
            ("val_error", "min"),
        ),
    ],
)
def test_what_a_fit_tunes_and_reports_is_found(
    inspected: dict[str, Any],
    name: str,
    space: set[str],
    metrics: list[str],
    objective: tuple[str, str],
) -> None:
    found = inspected[name]
    assert "message" not in found, found
    assert {entry["config"]["name"] for entry in found["space"]["space"]} == space
    assert found["metrics"] == metrics
    assert (found["objective"], found["direction"]) == objective
    assert found["kind"] == "keras"


def test_a_fit_that_returns_nothing_is_refused(inspected: dict[str, Any]) -> None:
    assert "HyperModel.fit returned NoneType." in inspected["nothing"]["message"]


def searched(name: str, digits: Path, folder: Path, **settings: Any) -> list[Any]:
    with TrialRunner(folder / "search") as runner:
        runner.begin(search_order(project(TEMPLATES[name], digits), NO_SPACE, **settings))
        return runner.trial("0", {})


def retrained(name: str, digits: Path, folder: Path, epochs: int) -> list[Any]:
    with Runner(folder / "retrain") as runner:
        runner.send(RetrainOrder(project(TEMPLATES[name], digits), {}, {}, epochs, 64, 1))
        return runner.until(Retrained, Failed)


def epochs_of(events: list[Any]) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def test_the_guides_training_loop(digits: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    events = searched("loop", digits, tmp_path, objective="my_metric", direction="min")
    first, second = epochs_of(events)
    # The loop does not say when an epoch begins: its seconds count from the build.
    assert first.seconds + second.seconds < time.monotonic() - began
    assert second.metrics["my_metric"] < first.metrics["my_metric"]
    score = second.metrics["my_metric"]
    assert events[-1] == TrialEnd({"my_metric": score}, best_step=1, scores=[score])

    events = retrained("loop", digits, tmp_path, 2)
    assert isinstance(events[-1], Retrained), events
    assert events[-1].metrics == {}, "it is not compiled"
    assert len(epochs_of(events)) == 2
    assert (tmp_path / "retrain" / "model.keras").exists()


def test_weights_epochs_callbacks_and_augmentation(digits: Path, tmp_path: Path) -> None:
    events = searched("much", digits, tmp_path, epochs=7)
    assert isinstance(events[-1], TrialEnd), events
    assert [event.epoch for event in epochs_of(events)] == [1, 2], "its own epochs, not the form's"
    events = retrained("much", digits, tmp_path, 9)
    assert isinstance(events[-1], Retrained), events
    assert events[-1].metrics.keys() == {"accuracy", "loss"}
    assert any("with its own code" in note for note in events[-1].evaluation.notes)
    assert "val_loss" in epochs_of(events)[0].metrics


def test_targets_in_another_form(digits: Path, tmp_path: Path) -> None:
    events = searched("one_hot", digits, tmp_path, objective="val_error", direction="min", epochs=2)
    assert events[-1].metrics.keys() == {"val_error", "best_loss"}
    assert events[-1].best_step == 1
    events = retrained("one_hot", digits, tmp_path, 1)
    assert isinstance(events[-1], Retrained), events
    assert events[-1].metrics == {}, "the test rows' targets have another form"
