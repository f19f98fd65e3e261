"""What stands in the tables of a comparison."""

from typing import Any

import pytest

from tuning.analysis.comparison.chosen import MAX_COMPARED, choose_trials
from tuning.analysis.comparison.layers import compact, layer_rows
from tuning.analysis.comparison.tables import row_of
from tuning.analysis.comparison.trials import trial_groups
from tuning.analysis.resources import resources_of
from tuning.analysis.trial_metrics import direction_of, metric_rows
from tuning.models import Epoch, Search, Trial
from tuning.protocol.statuses import Status

FRAMED = """Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━━┓
┃ Layer (type)      ┃ Output Shape┃  Param # ┃
┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━━┩
│ dense (Dense)     │ (None, 24)  │    1,560 │
├───────────────────┼─────────────┼──────────┤
│ dense_1 (Dense)   │ (None, 10)  │      250 │
└───────────────────┴─────────────┴──────────┘
 Total params: 1,810 (7.07 KB)
"""


def test_cells_that_differ_from_the_reference_are_marked() -> None:
    row = row_of("units", [8, 16, 8], reference=1)
    assert [cell.differs for cell in row.cells] == [True, False, True]
    assert row.differs
    assert not row_of("units", [8, 8.0]).differs


def test_true_is_not_one_and_nothing_is_not_zero() -> None:
    assert row_of("batch_norm", [True, 1]).differs
    assert row_of("momentum", [0, None]).differs


@pytest.mark.parametrize(
    ("values", "direction", "best"),
    [
        ([0.1, 0.5, None], "max", [False, True, False]),
        ([0.1, 0.5, None], "min", [True, False, False]),
        ([0.5, 0.5, 0.1], "max", [True, True, False]),
        ([0.5, 0.5], "max", [False, False]),
        ([0.5], "max", [False]),
        ([0.1, 0.5], None, [False, False]),
        ([None, None], "max", [False, False]),
    ],
)
def test_the_best_of_a_row_is_marked(values: Any, direction: Any, best: list[bool]) -> None:
    row = row_of("loss", values, direction=direction)
    assert [cell.best for cell in row.cells] == best


def test_a_metric_goes_where_its_searches_say_or_its_name() -> None:
    def search(objective: str, direction: str) -> Search:
        return Search(objective=objective, direction=direction, origin="kerastuner")

    others = [search("f_beta", "max")]
    assert direction_of("val_loss", others) == "min"
    assert direction_of("val_accuracy", others) == "max"
    assert direction_of("val_prc", others) is None
    assert direction_of("val_f_beta", others) == "max"
    assert direction_of("f_beta", [search("f_beta", "max"), search("loss", "min")]) == "max"
    assert direction_of("f_beta", [search("f_beta", "max"), search("f_beta", "min")]) is None


def test_layers_lose_their_frame() -> None:
    assert compact(FRAMED) == [
        'Model: "sequential"',
        "Layer (type)  Output Shape  Param #",
        "dense (Dense)  (None, 24)  1,560",
        "dense_1 (Dense)  (None, 10)  250",
        "Total params: 1,810 (7.07 KB)",
    ]


def test_an_estimator_keeps_its_indentation() -> None:
    assert compact("Pipeline(\n    PCA(),\n)") == ["Pipeline(", "    PCA(),", ")"]


def test_layers_stand_beside_those_of_their_class() -> None:
    """The second has a dropout between; its last layer has another name and size."""
    first = "flatten (Flatten)\ndense (Dense)  24\ndense_1 (Dense)  10"
    second = "flatten (Flatten)\ndense (Dense)  24\ndropout (Dropout)\ndense_2 (Dense)  10"
    rows = [[(cell.text, cell.kind) for cell in row] for row in layer_rows([first, second])]
    assert rows == [
        [("flatten (Flatten)", "same"), ("flatten (Flatten)", "same")],
        [("dense (Dense)  24", "same"), ("dense (Dense)  24", "same")],
        [("", "blank"), ("dropout (Dropout)", "added")],
        [("dense_1 (Dense)  10", "same"), ("dense_2 (Dense)  10", "changed")],
    ]


def test_against_another_reference_an_addition_is_an_absence() -> None:
    rows = layer_rows(["a\nc", "a\nb\nc", ""], reference=1)
    assert [[cell.kind for cell in row] for row in rows] == [
        ["same", "same", "none"], ["none", "same", "none"], ["same", "same", "none"],
    ]  # fmt: skip


def test_every_line_of_every_trial_is_there() -> None:
    texts = ["a\nb\nc\nd", "x\nb\ny\nz\nd\ne", "", "q\nr"]
    for reference in range(len(texts)):
        rows = layer_rows(texts, reference)
        for place, text in enumerate(texts):
            assert "\n".join(row[place].text for row in rows if row[place].text) == text


@pytest.fixture
def trial(make_search: Any) -> Trial:
    search: Search = make_search(executions_per_trial=2)
    trial = search.trials.get()
    for execution in range(2):
        for epoch, accuracy in enumerate([0.5, 0.9, 0.7], start=1):
            Epoch.objects.create(
                trial=trial, attempt=1, execution=execution, epoch=epoch,
                seconds=[4.0, 1.0, 2.0][epoch - 1] + execution,
                metrics={"val_accuracy": accuracy - execution / 10, "loss": 1 / epoch},
            )  # fmt: skip
    Trial.objects.update(status=Status.RUNNING, attempt=1)
    trial.refresh_from_db()
    return trial


def test_a_running_trial_has_its_metrics_so_far(trial: Trial) -> None:
    accuracy, loss = metric_rows(trial)
    assert (accuracy.name, loss.name) == ("val_accuracy", "loss")
    assert accuracy.best == pytest.approx((0.9 + 0.8) / 2)
    assert accuracy.last == pytest.approx((0.7 + 0.6) / 2)
    # At the best epoch, not the best loss.
    assert loss.best == pytest.approx(1 / 2)
    assert loss.last == pytest.approx(1 / 3)


def test_epochs_of_an_earlier_attempt_do_not_count(trial: Trial) -> None:
    Trial.objects.update(attempt=2)
    trial.refresh_from_db()
    assert metric_rows(trial) == []
    (used,) = resources_of([trial])
    assert (used.epoch_seconds, used.first_seconds) == (None, None)


def test_the_first_epoch_of_each_execution_is_apart(trial: Trial) -> None:
    (used,) = resources_of([trial])
    assert used.first_seconds == 4.5  # of 4 and 5
    assert used.epoch_seconds == 2.0  # of 1, 2, 2 and 3


def test_a_child_of_hyperband_traces_in_its_own_first_epoch(trial: Trial) -> None:
    trial.tuner_values = {"tuner/initial_epoch": 1}
    (used,) = resources_of([trial])
    assert used.first_seconds == 1.5  # of 1 and 2


def test_folds_have_no_first_epoch(trial: Trial) -> None:
    trial.search.model_kind = "sklearn"
    (used,) = resources_of([trial])
    assert (used.first_seconds, used.epoch_seconds) == (None, 2.5)


def test_trials_of_searches_with_other_objectives_have_no_best_score(
    make_search: Any,
) -> None:
    first, second = make_search(), make_search(objective="val_loss", direction="min")
    Trial.objects.update(status=Status.COMPLETED)
    first.trials.update(score=0.9, metrics={"val_accuracy": 0.9, "val_loss": 0.3})
    second.trials.update(score=0.2, metrics={"val_accuracy": 0.8, "val_loss": 0.2})
    groups = {g.title: g for g in trial_groups([first.trials.get(), second.trials.get()])}
    assert "different objectives" in groups["Result"].note
    assert not any(cell.best for cell in groups["Result"].rows[0].cells)
    best = {row.label: [cell.best for cell in row.cells] for row in groups["Metrics"].rows}
    assert best == {"val_accuracy": [True, False], "val_loss": [False, True]}
    objective = next(row for row in groups["Search"].rows if row.label == "Objective")
    assert objective.differs


def test_what_was_not_in_use_has_no_value(make_search: Any) -> None:
    search = make_search()
    Trial.objects.create(
        search=search, number=2,
        values={"units": 16, "optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.001},
    )  # fmt: skip
    groups = {group.title: group for group in trial_groups(list(search.trials.all()))}
    values = {row.label: [c.value for c in row.cells] for row in groups["Hyperparameters"].rows}
    assert values["momentum"] == [None, 0.0]
    assert list(values) == ["units", "optimizer", "momentum", "learning_rate"]
    differing = groups["Hyperparameters"].only_differences()
    assert [row.label for row in differing.rows] == ["optimizer", "momentum"]


def test_the_order_of_the_address_holds_and_each_is_taken_once(make_search: Any) -> None:
    keys = [make_search().trials.get().pk for _ in range(3)]
    asked = ["3.1", "1.1", "3.1", "", "x", "99999999999999999999"]
    chosen = choose_trials(Trial.objects.all(), asked)
    assert [row.pk for row in chosen.rows] == [keys[2], keys[0]]
    assert not chosen.is_old
    assert choose_trials(Trial.objects.all(), [str(keys[2]), "3.1"]).rows == chosen.rows[:1]
    assert "2 trials in this URL are not part of this project" in chosen.problems[0]
    assert chosen.query() == "trial=3.1&trial=1.1"
    assert chosen.query(against="1.1").endswith("&against=1.1")


def test_more_than_fit_are_said(make_search: Any) -> None:
    search = make_search()
    for number in range(2, MAX_COMPARED + 4):
        Trial.objects.create(search=search, number=number)
    numbers = [f"1.{number}" for number in search.trials.values_list("number", flat=True)]
    chosen = choose_trials(Trial.objects.all(), numbers)
    assert len(chosen.rows) == MAX_COMPARED
    assert chosen.is_full
    assert (
        f"You can compare up to {MAX_COMPARED} trials. This URL has {MAX_COMPARED + 3}"
        in chosen.problems[0]
    )
