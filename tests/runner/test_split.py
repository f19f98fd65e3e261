"""Splits: disjoint, complete, the same every time, and fair to every class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.protocol.orders import Split
from tuning.splits import split_rows

PARTS = ("train", "validation", "test")


@st.composite
def splits(draw: st.DrawFn) -> Split:
    train = draw(st.floats(0.2, 0.9))
    validation = draw(st.floats(0.0, 1.0)) * (1 - train)
    seed = draw(st.integers(0, 1000))
    return Split(train, validation, 1 - train - validation, seed, draw(st.booleans()))


labels = st.lists(st.integers(0, 4), min_size=1, max_size=300).map(np.array)


@given(labels, splits())
def test_every_row_is_in_exactly_one_part(y: np.ndarray, split: Split) -> None:
    rows = np.concatenate([split_rows(y, split)[part] for part in PARTS])
    assert sorted(rows) == list(range(len(y)))


@given(labels, splits())
def test_a_split_repeats_itself(y: np.ndarray, split: Split) -> None:
    first, second = split_rows(y, split), split_rows(y.copy(), split)
    assert all(np.array_equal(first[part], second[part]) for part in PARTS)


@given(labels, splits())
def test_each_class_has_its_share_of_each_part(y: np.ndarray, split: Split) -> None:
    split = Split(**{**split.__dict__, "stratified": True})
    rows = split_rows(y, split)
    for label in np.unique(y):
        for part in PARTS:
            share = getattr(split, part) * np.sum(y == label)
            assert abs(np.sum(y[rows[part]] == label) - share) <= 1


@given(labels, splits(), st.integers(0, 1000))
def test_given_parts_are_kept(y: np.ndarray, split: Split, seed: int) -> None:
    parts = np.random.RandomState(seed).randint(0, 3, len(y)).astype(np.uint8)
    rows = split_rows(y, split, parts)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(len(y)))
    for number, part in enumerate(PARTS):
        there = set(np.flatnonzero(parts == number))
        # What is missing comes out of the training rows alone.
        assert set(rows[part]) == there or (part == "train") or not there
        assert part != "train" or set(rows[part]) <= there


@pytest.mark.parametrize("missing", ["validation", "test"])
def test_a_part_that_is_missing_comes_out_of_the_training_rows(missing: str) -> None:
    y = np.arange(1000) % 2
    there = 2 if missing == "validation" else 1
    parts = np.where(np.arange(1000) < 800, 0, there).astype(np.uint8)
    rows = split_rows(y, Split(0.6, 0.2, 0.2, 1, True, given=True), parts)
    assert {part: len(rows[part]) for part in PARTS} == {
        "train": 600,
        "validation": 200,
        "test": 200,
    }
    assert all(np.sum(y[rows[part]]) == len(rows[part]) / 2 for part in PARTS)
    assert rows[missing].max() < 800


def test_another_seed_is_another_split() -> None:
    y = np.arange(1000) % 10
    one, other = (split_rows(y, Split(0.7, 0.15, 0.15, seed, True)) for seed in (1, 2))
    assert set(one["test"]) != set(other["test"])


def test_the_split_is_the_same_for_ever() -> None:
    """A trial's scores are comparable only while the split stays: across releases, too."""
    rows = split_rows(np.arange(20) % 2, Split(0.6, 0.2, 0.2, 7, True))
    assert rows["train"].tolist() == [10, 18, 1, 0, 19, 2, 13, 17, 11, 5, 14, 6]
    assert rows["validation"].tolist() == [9, 7, 16, 8]
    assert rows["test"].tolist() == [4, 15, 12, 3]
