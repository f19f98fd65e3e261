"""The figures behind the plots of a comparison, judged by pandas on the raw rows."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from django.utils import timezone

from tuning.analysis.comparison import distribution
from tuning.analysis.comparison.best_over_time import best_over_time_info
from tuning.analysis.comparison.curves import curves_info
from tuning.analysis.comparison.distribution import distribution_info
from tuning.analysis.comparison.searches import facts_of, search_groups
from tuning.analysis.comparison.spaces import spaces_info
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status

Fill = Callable[..., pd.DataFrame]


@pytest.fixture
def fill() -> Fill:
    """A function that gives a search so many trials, and has them as a frame."""

    def put(search: Search, count: int, seed: int = 1) -> pd.DataFrame:
        random.seed(seed)
        search.trials.all().delete()
        start = timezone.now() - timedelta(hours=3)
        trials = []
        for number in range(1, count + 1):
            begun = start + timedelta(seconds=5 * number)
            status = random.choices(list(Status)[2:], [8, 1, 1, 1, 1])[0]
            sgd = random.random() < 0.5
            values = {
                "units": random.randrange(8, 72, 8),
                "optimizer": "sgd" if sgd else "adam",
                "learning_rate": 10 ** random.uniform(-4, -1),
            } | ({"momentum": random.randrange(10) / 10} if sgd else {})
            trials.append(
                Trial(
                    search=search, number=number, is_baseline=number == 1, values=values,
                    status=Status.COMPLETED if number == 1 else status,
                    # Some scores are the same.
                    score=round(random.random(), 2)
                    if status == Status.COMPLETED or number == 1 else None,
                    epochs_done=random.randrange(1, 9), started_at=begun,
                    finished_at=begun + timedelta(seconds=random.uniform(1, 60)),
                )
            )  # fmt: skip
        Trial.objects.bulk_create(trials)
        TrialIndex.objects.fill(search)
        frame = pd.DataFrame(search.trials.values())
        frame["seconds"] = (frame.finished_at - frame.started_at).dt.total_seconds()
        return frame

    return put


def _improving(scores: pd.Series, direction: str) -> pd.Series:
    """The scores that beat all before them."""
    so_far = scores.cummax() if direction == "max" else scores.cummin()
    before = so_far.ffill().shift()
    better = scores > before if direction == "max" else scores < before
    return scores[better | (before.isna() & scores.notna())]


@pytest.mark.parametrize("direction", ["max", "min"])
def test_the_best_so_far_is_what_pandas_finds(direction: str, make_search: Any, fill: Fill) -> None:
    search = make_search(direction=direction)
    frame = fill(search, 200)
    (group,) = best_over_time_info([search])["groups"]
    (curve,) = group["curves"]
    for over, by, x in [
        ("trials", "number", frame.number),
        ("training", "number", frame.seconds.cumsum()),
        ("wall", "finished_at", (frame.finished_at - frame.started_at.min()).dt.total_seconds()),
    ]:
        improving = _improving(frame.sort_values(by).score, direction)
        drawn = curve[over]
        # The last point repeats the best to the end.
        assert drawn["best"] == [*improving, improving.iloc[-1]], over
        assert drawn["x"] == pytest.approx([*x[improving.index], x.max()]), over
        assert drawn["trials"][:-1] == list(frame.number[improving.index]), over


def test_the_distribution_is_pandas_rank(make_search: Any, fill: Fill) -> None:
    search = make_search()
    scores = fill(search, 150).score.dropna()
    (group,) = distribution_info([search])["groups"]
    (curve,) = group["curves"]
    assert curve["count"] == len(scores)
    drawn = pd.Series(curve["shares"], index=curve["scores"]).groupby(level=0).max()
    judged = scores.rank(pct=True, method="max").groupby(scores).max()
    assert drawn.to_dict() == pytest.approx(judged.to_dict())


def test_of_many_scores_some_are_drawn_and_these_are_right(
    make_search: Any, fill: Fill, monkeypatch: Any
) -> None:
    monkeypatch.setattr(distribution, "MAX_POINTS", 20)
    search = make_search()
    scores = fill(search, 300).score.dropna().sort_values().reset_index(drop=True)
    (group,) = distribution_info([search])["groups"]
    (curve,) = group["curves"]
    assert 20 <= len(curve["scores"]) <= 22
    assert (curve["scores"][0], curve["scores"][-1]) == (scores.min(), scores.max())
    assert curve["shares"][-1] == 1
    for score, share in zip(curve["scores"], curve["shares"], strict=True):
        assert scores[round(share * len(scores)) - 1] == score


def test_each_objective_has_plots_of_its_own(make_search: Any, fill: Fill) -> None:
    first, second = make_search(), make_search(objective="val_loss", direction="min")
    third = make_search()
    for search in (first, second, third):
        fill(search, 5)
    groups = best_over_time_info([first, second, third])["groups"]
    places = [(g["objective"], [curve["search"] for curve in g["curves"]]) for g in groups]
    assert places == [("val_accuracy", [0, 2]), ("val_loss", [1])]
    note = search_groups(facts_of([first, second]))[0].note
    assert "cannot be compared" in note


def test_a_search_without_scores_draws_nothing(make_search: Any) -> None:
    search = make_search()
    (group,) = best_over_time_info([search])["groups"]
    assert all(group["curves"][0][over]["x"] == [] for over in ("trials", "training", "wall"))
    (group,) = distribution_info([search])["groups"]
    assert group["curves"][0]["count"] == 0


def test_the_space_is_what_could_be_and_what_was_tried(make_search: Any, fill: Fill) -> None:
    search = make_search()
    frame = fill(search, 60)
    values = pd.DataFrame(list(frame["values"]))
    space = {each["name"]: each for each in spaces_info([search])["hyperparameters"]}
    (units,) = space["units"]["searches"]
    assert (units["low"], units["high"]) == (8, 64)
    assert units["tried"] == [values.units.min(), values.units.max()]
    (rate,) = space["learning_rate"]["searches"]
    assert space["learning_rate"]["log"]
    assert rate["tried"] == [values.learning_rate.min(), values.learning_rate.max()]
    (optimizer,) = space["optimizer"]["searches"]
    assert space["optimizer"]["categories"] == ["adam", "sgd"]
    counts = dict(zip(optimizer["tried"], optimizer["counts"], strict=True))
    assert counts == values.optimizer.value_counts().to_dict()
    (momentum,) = space["momentum"]["searches"]
    assert momentum["tried"] == [values.momentum.min(), values.momentum.max()]
    # From zero: no place on a log axis.
    assert not space["momentum"]["log"]
    best = frame.loc[frame.score.idxmax(), "values"]
    assert units["best"] == best["units"]
    assert optimizer["best"] == best["optimizer"]


def test_an_imported_search_is_compared_like_any_other(make_search: Any, fill: Fill) -> None:
    """It has no template, perhaps no space, and nobody knows its settings."""
    search = make_search()
    fill(search, 20)
    Search.objects.update(hypermodel=None, origin=Search.Origin.TENSORBOARD, space={})
    search = Search.objects.get()
    groups = {group.title: group for group in search_groups(facts_of([search]))}
    settings = {row.label: row.cells[0].value for row in groups["Settings"].rows}
    assert settings == {
        "Objective": "val_accuracy, maximise", "Template": "imported from TensorBoard",
    }  # fmt: skip
    space = {each["name"]: each["searches"][0] for each in spaces_info([search])["hyperparameters"]}
    assert space["optimizer"]["tried"] == ["adam", "sgd"]
    assert space["units"]["low"] is None
    assert len(space["units"]["tried"]) == 2


def test_without_times_there_is_no_curve_over_them(make_search: Any, fill: Fill) -> None:
    search = make_search()
    fill(search, 20)
    Trial.objects.update(started_at=None, finished_at=None)
    TrialIndex.objects.fill(search)
    (group,) = best_over_time_info([search])["groups"]
    assert group["curves"][0]["trials"]["x"]
    assert group["curves"][0]["wall"]["x"] == []
    assert group["curves"][0]["training"]["x"] == []


def test_the_table_agrees_with_pandas(make_search: Any, fill: Fill) -> None:
    first, second = make_search(), make_search()
    frames = [fill(first, 80, seed=1), fill(second, 50, seed=2)]
    facts = facts_of([first, second])
    for frame, fact in zip(frames, facts, strict=True):
        ended = frame.status.value_counts()
        assert fact.counts == ended.to_dict()
        assert fact.seconds == pytest.approx(frame.seconds.sum())
        assert fact.epochs == frame.epochs_done.sum()
        assert fact.best is not None
        assert fact.best.score == frame.score.max()
        baseline = frame.score[frame.is_baseline].item()
        assert fact.baseline == baseline
        assert fact.gain == pytest.approx(frame.score.max() - baseline)
    rows = {row.label: row for row in search_groups(facts)[0].rows}
    scores = [cell.value for cell in rows["Best score"].cells]
    assert [cell.best for cell in rows["Best score"].cells] == (
        [score == max(scores) and scores[0] != scores[1] for score in scores]
    )


def test_curves_have_a_line_for_each_execution(make_search: Any) -> None:
    trials = []
    for executions in (1, 2):
        search = make_search(executions_per_trial=executions)
        trial = search.trials.get()
        trials.append(trial)
        for execution in range(executions):
            for epoch in (1, 2, 3):
                # The second attempt's are not this trial's any more.
                for attempt in (0, 7):
                    Epoch.objects.create(
                        trial=trial, attempt=attempt, execution=execution, epoch=epoch,
                        seconds=1, metrics={"val_accuracy": epoch / 10 + execution, "loss": None},
                    )  # fmt: skip
    info = curves_info(trials)
    assert info["trials"] == ["search 1, trial 1", "search 2, trial 1"]
    accuracy, loss = info["plots"]
    assert [(c["trial"], c["execution"], c["epochs"]) for c in accuracy["curves"]] == [
        (0, 0, [1, 2, 3]), (1, 0, [1, 2, 3]), (1, 1, [1, 2, 3]),
    ]  # fmt: skip
    assert accuracy["curves"][2]["values"] == [1.1, 1.2, 1.3]
    assert loss["curves"][0]["values"] == [None, None, None]


def test_long_trainings_are_thinned_to_their_last_epoch(make_search: Any) -> None:
    trial = make_search().trials.get()
    Epoch.objects.bulk_create(
        Epoch(trial=trial, attempt=0, execution=0, epoch=epoch, seconds=1, metrics={"loss": epoch})
        for epoch in range(1, 1004)
    )
    info = curves_info([trial])
    (curve,) = info["plots"][0]["curves"]
    assert info["every"] == 3
    assert len(curve["epochs"]) <= 402
    assert (curve["epochs"][0], curve["epochs"][-1]) == (1, 1003)
    assert curve["values"] == curve["epochs"]


def test_folds_are_points_of_one_curve(make_search: Any) -> None:
    trial = make_search(model_kind="sklearn", objective="score", folds=3).trials.get()
    for fold in range(3):
        Epoch.objects.create(
            trial=trial, attempt=0, execution=fold, epoch=1, seconds=1, metrics={"score": fold / 10}
        )
    info = curves_info([trial])
    (curve,) = info["plots"][0]["curves"]
    assert (info["x"], curve["epochs"]) == ("fold", [1, 2, 3])
