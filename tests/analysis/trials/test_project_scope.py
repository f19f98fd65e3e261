"""The trials of all searches of a project in one selection: each value is its trial's own, wherever
its search has it in the index."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.space import SPACE
from tuning.analysis.plots import PLOTS
from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.scope import Scope, project_scope
from tuning.analysis.trials.selection import Selection
from tuning.models import Project, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status


def _add(search: Search, number: int, score: float, values: dict[str, Any], **more: Any) -> None:
    search.trials.filter(number=number).delete()
    trial = Trial.objects.create(
        search=search, number=number, status=Status.COMPLETED, score=score, values=values,
        metrics={"val_accuracy": score, "loss": 1 - score, **more},
    )  # fmt: skip
    search.refresh_from_db(fields=["index_columns"])
    TrialIndex.objects.fill(search, [trial])


@pytest.fixture
def scope(project: Project, make_search: Any) -> Scope:
    """Two searches. The second has its values elsewhere in the index, another hyperparameter in
    place of one, and words where the first has numbers."""
    first, second = make_search(), make_search()
    Search.objects.update(index_columns={})
    _add(first, 1, 0.9, {"units": 8, "optimizer": "adam", "size": 3, "rate": 0.1})
    _add(first, 2, 0.7, {"units": 16, "optimizer": "sgd", "size": 5, "rate": 0.2})
    _add(second, 1, 0.8, {"drop": 0.5, "optimizer": "adam", "size": "large", "units": 32}, auc=0.6)
    _add(second, 2, 0.6, {"drop": 0.1, "optimizer": "nadam", "size": "small", "units": 64}, auc=0.5)
    assert first.index_columns["hp:units"] != second.index_columns["hp:units"]
    found = project_scope(project)
    assert found is not None
    return found


def _numbers(scope: Scope, query: str, user: User) -> list[str]:
    selection = Selection.read(scope, query, user)
    assert not selection.problems
    rows = selection.ordered().values_list("search__number", "number")
    return [f"{search}.{number}" for search, number in rows]


def test_every_column_holds_the_values_of_its_trials(scope: Scope, alice: User) -> None:
    selection = Selection.read(scope, "", alice)
    keys = ["search", "number", "hp:units", "hp:drop", "hp:optimizer", "hp:size", "metric:auc"]
    frame = frame_of(selection, keys)
    assert frame["search"] == [1, 1, 2, 2]
    assert frame["hp:units"] == [8, 16, 32, 64]
    assert frame["hp:drop"] == [None, None, 0.5, 0.1]
    assert frame["hp:optimizer"] == ["adam", "sgd", "adam", "nadam"]
    assert frame["hp:size"] == ["3", "5", "large", "small"]
    assert frame["metric:auc"] == [None, None, 0.6, 0.5]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=score", ["1.1", "2.1", "1.2", "2.2"]),
        ("hp:units__gte=16&sort=-hp:units", ["2.2", "2.1", "1.2"]),
        ("hp:drop__lt=0.4", ["2.2"]),
        ("hp:drop__active=no", ["1.1", "1.2"]),
        ("hp:optimizer__in=adam", ["1.1", "2.1"]),
        ("hp:size__in=5&hp:size__in=large", ["1.2", "2.1"]),
        ("search__in=2", ["2.1", "2.2"]),
        ("score__top=2", ["1.1", "2.1"]),
        ("hp:units__lt=40&score__top=50%25", ["1.1", "2.1"]),
    ],
)
def test_filters_and_orders_go_over_all_searches(
    query: str, expected: list[str], scope: Scope, alice: User
) -> None:
    assert _numbers(scope, query, alice) == expected


def test_scores_of_other_objectives_stay_apart(
    scope: Scope, project: Project, make_search: Any
) -> None:
    other = make_search(objective="val_loss", direction="min")
    newest, val_accuracy = project_scope(project), project_scope(project, "max:val_accuracy")
    assert newest is not None
    assert val_accuracy is not None
    assert newest.searches == (other,)
    assert val_accuracy.searches == scope.searches
    assert [(each.key, each.searches) for each in newest.objectives] == [
        ("min:val_loss", 1), ("max:val_accuracy", 2),
    ]  # fmt: skip
    assert project_scope(project, "max:nothing") == newest
    query = Selection.read(val_accuracy, "sort=score", None).query()
    assert query == "objective=max:val_accuracy&sort=score"
    assert Selection.read(newest, "sort=score", None).query() == "sort=score"


def test_bounds_that_differ_do_not_make_fractions_whole(
    project: Project, make_search: Any, alice: User
) -> None:
    first = make_search()
    units, *others = SPACE["space"]
    halves = {"class_name": "Float", "config": {**units["config"], "step": 0.5}}
    second = make_search(space={**SPACE, "space": [halves, *others]})
    name = units["config"]["name"]
    _add(first, 1, 0.5, {name: 8})
    _add(second, 1, 0.5, {name: 8.5})
    frame = frame_of(Selection.read(project_scope(project), "", alice), [f"hp:{name}"])
    assert frame[f"hp:{name}"] == [8.0, 8.5]


@pytest.mark.parametrize("name", sorted(PLOTS))
def test_plots_name_trials_with_their_searches(name: str, scope: Scope, alice: User) -> None:
    info = PLOTS[name].info(Selection.read(scope, "", alice))
    if info["pk"]:
        names = dict(zip(info["pk"], info["names"], strict=True))
        trials = Trial.objects.in_bulk(info["pk"])
        assert names == {pk: f"{t.search.number}.{t.number}" for pk, t in trials.items()}
    if name == "history":
        assert info["number"] == [1, 2, 3, 4], "trials of several searches follow each other"
        assert info["best"] == [0.9, 0.9]
    if name == "distribution":
        assert info["curves"][0]["name"] == "all searches"
