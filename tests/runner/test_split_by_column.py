"""Splits by group and by time: a group is never on both sides, no test row is older than a training
row, and classes keep their shares as far as that allows."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.splitting import SplitBy
from tuning.protocol.tasks import Task
from tuning.runner.folds import folds_of
from tuning.runner.inputs.data import load_dataset, row_numbers
from tuning.splits import PARTS, arranged, split_rows
from tuning.splits.stored import stored_split, values_of

from .harness import search_order

GROUPED = Split(0.6, 0.2, 0.2, 3, stratified=False, by=SplitBy.GROUP, column="patient")
TIMED = Split(0.6, 0.2, 0.2, 3, stratified=False, by=SplitBy.TIME, column="day")


@st.composite
def grouped_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Split]:
    """Targets, each row's group and a split."""
    rows = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1,
                         max_size=200))  # fmt: skip
    y, groups = np.array(rows).T
    if draw(st.booleans()):
        y = np.stack([y & 1, y >> 1], axis=1)
    train = draw(st.floats(0.05, 0.9))
    test = (1 - train) * draw(st.floats(0.05, 0.95))
    split = replace(GROUPED, train=train, validation=1 - train - test, test=test,
                    seed=draw(st.integers(0, 99)), stratified=draw(st.booleans()))  # fmt: skip
    return y, groups, split


@given(grouped_rows())
def test_a_group_is_never_on_both_sides(case: tuple[np.ndarray, np.ndarray, Split]) -> None:
    y, groups, split = case
    rows = split_rows(y, split, key=groups)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(y)))
    sides = [set(groups[rows[part]]) for part in PARTS]
    assert sum(map(len, sides)) == len(set(groups))
    if len(set(groups)) >= len(PARTS):
        assert all(sides)


@given(grouped_rows())
def test_the_same_groups_whatever_they_are_called(
    case: tuple[np.ndarray, np.ndarray, Split],
) -> None:
    """Numbers of groups and floats of a column of x divide the rows alike."""
    y, groups, split = case
    first, second = (split_rows(y, split, key=key) for key in (groups, groups / 2))
    assert all(np.array_equal(first[part], second[part]) for part in PARTS)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200), st.floats(0.1, 0.8))
def test_no_row_is_older_than_a_row_of_an_earlier_part(days: list[int], train: float) -> None:
    key, rest = np.array(days, float), 1 - train
    split = replace(TIMED, train=train, validation=rest / 2, test=rest / 2)
    rows = split_rows(np.zeros(len(key)), split, key=key)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(key)))
    parts = [key[rows[part]] for part in PARTS]
    for earlier, later in pairwise(parts):
        # Equal times are together.
        assert not len(earlier) or not len(later) or earlier.max() < later.min()
    assert all((np.diff(part) >= 0).all() for part in parts)
    if len(set(days)) >= len(PARTS):
        assert all(map(len, parts))


def test_different_times_are_divided_by_the_fractions() -> None:
    key = np.random.RandomState(0).permutation(1000) / 7
    rows = split_rows(np.zeros(1000), TIMED, key=key)
    assert [len(rows[part]) for part in PARTS] == [600, 200, 200]
    assert rows["test"].tolist() == np.argsort(key)[800:].tolist()


def test_classes_keep_their_shares_as_far_as_groups_allow() -> None:
    """With as many rows as groups there is no obstacle; groups of 20 rows come near."""
    random = np.random.RandomState(1)
    y = random.choice(3, 2000, p=[0.7, 0.25, 0.05])
    single = split_rows(y, replace(GROUPED, stratified=True), key=np.arange(2000))
    for part, share in zip(PARTS, (0.6, 0.2, 0.2), strict=True):
        counts = np.bincount(y[single[part]], minlength=3)
        assert np.abs(counts - share * np.bincount(y)).max() <= 2
    groups = random.randint(0, 100, 2000)
    rows = split_rows(y, replace(GROUPED, stratified=True), key=groups)
    for part, share in zip(PARTS, (0.6, 0.2, 0.2), strict=True):
        found = np.bincount(y[rows[part]], minlength=3) / np.bincount(y)
        assert np.abs(found - share).max() < 0.04


def test_a_group_larger_than_a_part_goes_where_it_fits() -> None:
    groups = np.repeat([0, 1, 2, 3, 4], [70, 12, 8, 6, 4])
    rows = split_rows(np.zeros(100), replace(GROUPED, train=0.6), key=groups)
    assert len(rows["train"]) == 70
    assert {len(rows["validation"]), len(rows["test"])} == {14, 16}


def test_another_seed_divides_other_groups() -> None:
    groups = np.arange(500) // 5
    one, other = (
        split_rows(np.zeros(500), replace(GROUPED, seed=seed), key=groups) for seed in (1, 2)
    )
    assert set(one["test"]) != set(other["test"])


def test_the_split_by_group_is_the_same_for_ever() -> None:
    """A trial's scores are comparable only while the split stays: across releases, too."""
    groups = np.array([3, 1, 1, 0, 4, 2, 2, 3, 5, 0, 6, 4])
    rows = split_rows(np.arange(12) % 2, replace(GROUPED, stratified=True), key=groups)
    assert rows["train"].tolist() == [1, 2, 7, 0, 3, 9, 8, 10]
    assert rows["validation"].tolist() == [4, 11]
    assert rows["test"].tolist() == [5, 6]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A prepared dataset of 60 rows with a column of groups, one of times and two inputs."""
    random = np.random.RandomState(2)
    x = np.stack([np.arange(60), random.randint(0, 9, 60)], axis=1).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", np.arange(60) % 2)
    np.save(tmp_path / "auxiliary-0.npy", random.randint(0, 12, 60))
    np.save(tmp_path / "auxiliary-1.npy", random.permutation(60).astype(float))
    (tmp_path / "meta.json").write_text(
        '{"task": "classification", "feature_names": ["number", "ward"], "columns": [],'
        ' "auxiliary": [{"name": "patient"}, {"name": "day"}]}'
    )
    return tmp_path


@pytest.mark.parametrize("split", [GROUPED, TIMED, replace(GROUPED, column="ward")])
def test_all_who_divide_a_dataset_find_the_same_rows(
    folder: Path, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner, the rows of an evaluation, and data that are laid down in the split's order."""
    y = np.load(folder / "y.npy")
    expected = split_rows(y, split, key=values_of(folder, split.column))
    order = ProjectOrder("", str(folder), split)
    for _ in range(2):
        dataset = load_dataset(order)
        for part in PARTS:
            assert dataset.rows(part)[0][:, 0].tolist() == expected[part].tolist()
        assert row_numbers(order, "test").tolist() == expected["test"].tolist()
        monkeypatch.setattr(arranged, "LARGE", 1)
        arranged.arrange(folder, split)
    assert arranged.arranged_folder(folder, split).is_dir()


def test_rows_without_a_value_are_one_group_of_the_folds(folder: Path) -> None:
    x = np.load(folder / "x.npy")
    x[::9, 1] = np.nan
    np.save(folder / "x.npy", x)
    order = ProjectOrder("", str(folder), replace(GROUPED, column="ward"))
    key = load_dataset(order).keys("train", "validation")
    missing = np.isnan(x[row_numbers(order, "train", "validation"), 1])
    folds = folds_of(search_order(order, {}, folds=2), Task.REGRESSION)
    tested = [missing[test].sum() for _, test in folds.split(missing, None, key)]
    assert sorted(tested) == [0, 7]


def test_a_column_that_the_dataset_does_not_have(folder: Path) -> None:
    with pytest.raises(ValueError, match="no column “doctor”"):
        stored_split(folder, replace(GROUPED, column="doctor"))


def test_folders_of_older_splits_stay_valid() -> None:
    plain = Split(0.7, 0.15, 0.15, 0, True)
    assert arranged.arranged_folder(Path(), plain).name == "split-35999ee95ae9601d"
    names = {arranged.arranged_folder(Path(), s).name for s in (plain, GROUPED, TIMED)}
    assert len(names) == 3
