"""Filters and order of a trial table, with pandas as the judge."""

import math
import random
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.operators import OPERATORS
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, Star, Tag, Trial, TrialIndex, Worker
from tuning.protocol.statuses import Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def big(make_search: Any, worker: Worker) -> Search:
    """Sixty trials: some failed, one running; `momentum` only where the optimizer is sgd."""
    search: Search = make_search(max_trials=60)
    search.trials.all().delete()
    draw = random.Random(7)
    for number in range(1, 61):
        optimizer = draw.choice(["adam", "sgd"])
        values: dict[str, Any] = {
            "units": draw.randrange(8, 72, 8),
            "optimizer": optimizer,
            "learning_rate": 10 ** draw.uniform(-4, -1),
        }
        if optimizer == "sgd":
            values["momentum"] = draw.randrange(10) / 10
        score = round(draw.random(), 2)
        status = draw.choice([Status.COMPLETED] * 5 + [Status.FAILED])
        done = status == Status.COMPLETED
        trial = Trial(
            search=search, number=number, values=values, status=status,
            score=score if done else None, worker=worker,
            metrics={"val_accuracy": score, "val_loss": draw.random()} if done else {},
            failure_code="" if done else draw.choice(["out_of_memory", "code_error"]),
        )  # fmt: skip
        if number % 3:
            trial.gpu_name, trial.gpu_use = "NVIDIA H200", draw.random()
            trial.peak_gpu_memory = draw.randrange(2**30, 2**37)
        trial.save()
    Trial.objects.filter(search=search, number=60).update(
        status=Status.RUNNING, score=None, metrics={}, failure_code=""
    )
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    return search


@pytest.fixture
def worker(db: None) -> Worker:
    from django.utils import timezone

    now = timezone.now()
    return Worker.objects.create(name="gpu-1@box", slots=1, started_at=now, seen_at=now)


def raw(search: Search) -> pd.DataFrame:
    """The trials themselves, past everything under test."""
    return pd.DataFrame(
        {
            "number": trial.number, "status": trial.status, "score": trial.score,
            "failure": trial.failure_code, **trial.values,
            "val_loss": trial.metrics.get("val_loss"),
            "gpu_memory": trial.peak_gpu_memory, "gpu_use": trial.gpu_use,
        }
        for trial in search.trials.order_by("number")
    )  # fmt: skip


def numbers(selection: Selection) -> list[int]:
    return [cells.number for cells in selection.ordered()]


CASES = {
    "metric:val_loss__lt=0.3": lambda t: t.val_loss < 0.3,
    "metric:val_loss__gte=0.3": lambda t: t.val_loss >= 0.3,
    "score__gt=0.5": lambda t: t.score > 0.5,
    "score__lte=0.5": lambda t: t.score <= 0.5,
    "hp:learning_rate__between=0.0001,0.01": lambda t: t.learning_rate.between(1e-4, 1e-2),
    "hp:learning_rate__between=1e-2,1e-4": lambda t: t.learning_rate.between(1e-4, 1e-2),
    "hp:units__in=16&hp:units__in=32": lambda t: t.units.isin([16, 32]),
    "hp:units__not=16": lambda t: t.units != 16,
    "hp:optimizer__in=adam": lambda t: t.optimizer == "adam",
    "hp:optimizer__not=adam": lambda t: t.optimizer != "adam",
    "hp:optimizer__matches=^s.d$": lambda t: t.optimizer == "sgd",
    "hp:momentum__active=yes": lambda t: t.momentum.notna(),
    "hp:momentum__active=no": lambda t: t.momentum.isna(),
    "hp:momentum__not=0.5": lambda t: t.momentum != 0.5,
    "gpu_memory__gt=3e10": lambda t: t.gpu_memory > 3e10,
    "gpu_use__between=0.2,0.6": lambda t: t.gpu_use.between(0.2, 0.6),
    "status__is=failed": lambda t: t.status == "failed",
    "status__is=running&status__is=failed": lambda t: t.status.isin(["running", "failed"]),
    "failure__matches=memory": lambda t: t.failure == "out_of_memory",
    "metric:val_loss__lt=0.5&hp:units__gte=32&hp:optimizer__in=sgd": lambda t: (
        (t.val_loss < 0.5) & (t.units >= 32) & (t.optimizer == "sgd")
    ),
}


@pytest.mark.parametrize("query", CASES)
def test_filters_leave_what_pandas_leaves(big: Search, alice: User, query: str) -> None:
    selection = Selection.read(big, query, alice)
    table = raw(big)
    wanted = table[CASES[query](table)].number.tolist()
    assert 0 < len(wanted) < 60
    assert selection.problems == ()
    assert numbers(selection) == wanted
    assert (selection.count, selection.total) == (len(wanted), 60)


@pytest.mark.parametrize("share", ["5", "10%", "100%"])
def test_top_is_taken_of_what_the_other_filters_leave(big: Search, alice: User, share: str) -> None:
    query = f"hp:optimizer__in=adam&score__top={share}&metric:val_loss__lt=0.9&sort=score"
    selection = Selection.read(big, query.replace("%", "%25"), alice)
    table = raw(big)
    left = table[(table.optimizer == "adam") & (table.val_loss < 0.9)]
    count = 5 if share == "5" else -(-len(left) * int(share[:-1]) // 100)
    best = left.sort_values(["score", "number"], ascending=[False, True]).head(count)
    assert numbers(selection) == best.number.tolist()


def test_top_of_a_loss_is_its_smallest(big: Search, alice: User) -> None:
    selection = Selection.read(big, "metric:val_loss__top=3&sort=metric:val_loss", alice)
    assert numbers(selection) == raw(big).nsmallest(3, "val_loss").number.tolist()


def test_tags_and_stars(big: Search, alice: User, bob: User) -> None:
    trials = list(big.trials.order_by("number")[:3])
    for trial, name in zip(trials, ["good", "odd", "good"], strict=True):
        Tag.objects.create(project=big.project, trial=trial, name=name)
    Star.objects.create(project=big.project, trial=trials[0], user=alice)
    Star.objects.create(project=big.project, trial=trials[1], user=bob)
    assert numbers(Selection.read(big, "tags__any=good", alice)) == [1, 3]
    assert numbers(Selection.read(big, "tags__any=good&tags__any=odd", alice)) == [1, 2, 3]
    assert numbers(Selection.read(big, "stars__by=me", alice)) == [1]
    assert numbers(Selection.read(big, "stars__by=anyone", alice)) == [1, 2]
    assert len(numbers(Selection.read(big, "stars__by=nobody", alice))) == 58
    assert numbers(Selection.read(big, "sort=-stars", alice))[:2] == [1, 2]


def test_several_columns_sort_together_and_gaps_come_last(big: Search, alice: User) -> None:
    query = "sort=hp:optimizer&sort=-metric:val_loss"
    table = raw(big).sort_values(
        ["optimizer", "val_loss", "number"], ascending=[True, False, True], na_position="last"
    )
    assert numbers(Selection.read(big, query, alice)) == table.number.tolist()


def test_scores_sort_best_first(big: Search, alice: User) -> None:
    best = raw(big).sort_values(["score", "number"], ascending=[False, True]).number.tolist()
    assert numbers(Selection.read(big, "sort=score", alice)) == best
    Search.objects.filter(pk=big.pk).update(direction="min")
    big.refresh_from_db()
    worst = raw(big).sort_values(["score", "number"], ascending=[True, True]).number.tolist()
    assert numbers(Selection.read(big, "sort=score", alice)) == worst


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("hp:learning_rate__between=1e-4,1e-2", "learning_rate between 0.0001 and 0.01"),
        ("score__gte=0.3&score__top=5%25", "val_accuracy at least 0.3, top 5 % by val_accuracy"),
        ("hp:optimizer__in=adam&hp:optimizer__in=sgd", "optimizer is adam or sgd"),
        ("hp:momentum__active=no", "momentum is not in use"),
        ("status__is=failed", "status is failed"),
        ("tags__any=good", "tagged good"),
        ("stars__by=me", "starred by me"),
    ],
)  # fmt: skip
def test_filters_are_sentences(big: Search, alice: User, query: str, sentence: str) -> None:
    selection = Selection.read(big, query, alice)
    assert selection.sentence == sentence


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("score__lt=many", "“many” is not a number"),
        ("score__lt=nan", "not a comparable number"),
        ("hp:nothing__lt=1", "no such column"),
        ("score__like=1", "this column supports"),
        ("hp:optimizer__lt=1", "this column supports"),
        ("hp:optimizer__matches=(", "not a valid regular expression"),
        ("hp:learning_rate__between=1", "two numbers"),
        ("score__top=0", "positive integer"),
        ("score__top=110%25", "up to 100%"),
        ("status__is=gone", "no status 'gone'"),
        ("hp:momentum__active=perhaps", "not one of yes and no"),
    ],
)
def test_a_filter_without_sense_is_a_sentence(
    big: Search, alice: User, query: str, problem: str
) -> None:
    selection = Selection.read(big, query, alice)
    assert selection.filters == ()
    assert problem in " ".join(selection.problems)
    assert selection.count == 60


def test_every_operator_is_read_somewhere_here() -> None:
    queries = " ".join([*CASES, "score__top= tags__any= stars__by="])
    assert all(f"__{name}=" in queries for name in OPERATORS)


def test_an_address_says_the_same_when_it_is_written_again(big: Search, alice: User) -> None:
    query = (
        "hp:optimizer__in=adam&hp:optimizer__in=sgd&score__top=10%25&sort=-score&sort=number"
        "&column=score&column=hp:units&freeze=2&colour=score&plot=parallel&plot.log=1&page=3"
    )
    selection = Selection.read(big, query, alice)
    assert selection.query() == query
    assert Selection.read(big, selection.query(), alice).query() == query
    assert selection.query(page=1) == query.removesuffix("&page=3")


def test_filters_are_put_in_and_taken_out(big: Search, alice: User) -> None:
    selection = Selection.read(big, "score__lt=0.5&page=4", alice)
    changed = selection.with_filter("score__lt", ["0.4"]).with_filter("hp:units__gte", ["16"])
    assert changed.query() == "score__lt=0.4&hp:units__gte=16"
    assert changed.without("score__lt").query() == "hp:units__gte=16"


def test_columns_beyond_the_slots_are_filtered_all_the_same(make_search: Any, alice: User) -> None:
    search = make_search()
    search.trials.all().delete()
    names = [f"width_{place}" for place in range(60)]
    space = {"space": [{"class_name": "Float", "config": {
        "name": name, "default": 1.0, "conditions": [], "min_value": 0.0, "max_value": 9.0,
        "step": None, "sampling": "linear"}} for name in names]}  # fmt: skip
    Search.objects.filter(pk=search.pk).update(space=space)
    search.refresh_from_db()
    for number in range(1, 5):
        values = dict.fromkeys(names, float(number))
        Trial.objects.create(search=search, number=number, values=values, status="completed")
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    assert "hp:width_59" not in search.index_columns
    selection = Selection.read(search, "hp:width_59__gt=2&sort=-hp:width_59", alice)
    assert numbers(selection) == [4, 3]
    frame = frame_of(selection, ["number", "hp:width_59", "hp:width_0"])
    assert frame["hp:width_59"] == frame["hp:width_0"] == [3.0, 4.0]


def test_a_frame_has_the_rows_own_values(big: Search, alice: User) -> None:
    keys = ["number", "status", "score", "hp:units", "hp:optimizer", "hp:momentum"]
    frame = frame_of(Selection.read(big, "", alice), keys)
    table = raw(big)
    assert frame["status"] == table.status.tolist()
    assert frame["hp:units"] == table.units.tolist()
    assert all(isinstance(value, int) for value in frame["hp:units"])
    momentum = [None if math.isnan(value) else value for value in table.momentum]
    assert frame["hp:momentum"] == momentum
    assert frame["pk"] == list(big.trials.order_by("number").values_list("pk", flat=True))
    assert frame_of(Selection.read(big, "score__gt=2", alice), ["score"]) == {"pk": [], "score": []}
