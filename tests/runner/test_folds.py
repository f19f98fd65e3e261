"""Folds of a cross-validation by group and by time: scikit-learn's own, and nothing leaks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, TimeSeriesSplit

from tuning.protocol.tasks import Task
from tuning.runner.folds import OneFold, folds_of

from .harness import project, search_order

FOLDS = 3


def folds_by(by: str, task: str = Task.REGRESSION, seed: int | None = None) -> Any:
    order = search_order(
        project("", Path("/"), by=by, column="c"), {}, folds=FOLDS, fold_seed=seed
    )  # fmt: skip
    return folds_of(order, task)


@given(st.lists(st.integers(0, 20), min_size=30, max_size=80), st.sampled_from([*Task]))
def test_a_group_is_tested_in_one_fold_and_not_trained_on_there(
    groups: list[int], task: Task
) -> None:
    groups = [0, 1, 2, *groups]
    key, y = np.array(groups), np.arange(len(groups)) % 2
    if task.traits.has_labels:
        y = np.stack([y, 1 - y], axis=1)
    tested: list[int] = []
    for train, test in folds_by("group", task).split(np.zeros(len(key)), y, key):
        assert not set(key[train]) & set(key[test])
        assert sorted([*train, *test]) == list(range(len(key)))
        tested += test.tolist()
    assert sorted(tested) == list(range(len(key)))


@given(st.lists(st.integers(0, 20), min_size=1, max_size=80))
def test_rows_are_tested_that_are_later_than_those_trained_on(days: list[int]) -> None:
    key = np.array([0, 7, 14, 21, *days], float)
    for train, test in folds_by("time").split(key, None, key):
        assert key[train].max() < key[test].min()


def test_without_equal_times_they_are_scikit_learns() -> None:
    key = np.arange(50) / 3
    found = list(folds_by("time").split(key, None, key))
    theirs = list(TimeSeriesSplit(FOLDS).split(key))
    for (train, test), (their_train, their_test) in zip(found, theirs, strict=True):
        assert train.tolist() == their_train.tolist()
        assert test.tolist() == their_test.tolist()


@pytest.mark.parametrize(
    ("task", "kind"),
    [(Task.CLASSIFICATION, StratifiedGroupKFold), (Task.REGRESSION, GroupKFold)],
)
def test_groups_are_divided_by_scikit_learn(task: Task, kind: Any) -> None:
    key, y = np.arange(90) // 5, np.arange(90) % 2
    for seed, used in ((None, 3), (8, 8)):
        found = folds_by("group", task, seed).split(key, y, key)
        theirs = kind(FOLDS, shuffle=True, random_state=used).split(key, y, key)
        assert [test.tolist() for _, test in found] == [test.tolist() for _, test in theirs]


def test_one_fold_of_them() -> None:
    key = np.arange(90) // 5
    everything = list(folds_by("group").split(key, None, key))
    ((train, test),) = OneFold(folds_by("group"), 1).split(key, None, groups=key)
    assert train.tolist() == everything[1][0].tolist()
    assert test.tolist() == everything[1][1].tolist()
