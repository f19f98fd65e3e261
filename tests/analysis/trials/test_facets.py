"""What a column offers to choose from, with pandas as the judge."""

import math
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User

from tuning.analysis.trials.facets import BINS, Facet, facet_of
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, Tag

from .test_selection import big, raw, worker

__all__ = ["big", "worker"]
pytestmark = pytest.mark.django_db


def facet(search: Search, user: User, key: str, query: str = "", **options: Any) -> Facet:
    selection = Selection.read(search, query, user)
    return facet_of(selection, selection.columns[key], **options)


@pytest.mark.parametrize("log", [True, False])
def test_bins_count_what_pandas_counts(big: Search, alice: User, log: bool) -> None:
    histogram = facet(big, alice, "hp:learning_rate", log=log).histogram
    assert histogram is not None
    values = raw(big).learning_rate
    assert (histogram.low, histogram.high) == (values.min(), values.max())
    edges = list(histogram.edges)
    steps = [math.log(b / a) if log else b - a for a, b in pairwise(edges)]
    assert max(steps) == pytest.approx(min(steps))
    # The last bin has its upper end, too.
    cut = pd.cut(values, [*edges[:-1], edges[-1] * 2], right=False)
    assert histogram.counts == cut.value_counts(sort=False).tolist()
    assert len(histogram.counts) == BINS


def test_what_is_drawn_on_a_log_scale_is_shown_on_one(big: Search, alice: User) -> None:
    assert facet(big, alice, "hp:learning_rate").histogram.log  # type: ignore[union-attr]
    assert not facet(big, alice, "score").histogram.log  # type: ignore[union-attr]
    zero = facet(big, alice, "hp:momentum", log=True).histogram
    assert zero is not None
    assert not zero.log
    assert not zero.can_log


def test_a_columns_own_filter_does_not_hide_what_it_leaves_out(big: Search, alice: User) -> None:
    table = raw(big)
    query = "hp:units__between=16,24&hp:optimizer__in=sgd"
    left = table[table.optimizer == "sgd"]
    units = facet(big, alice, "hp:units", query)
    assert sum(units.histogram.counts) == len(left)  # type: ignore[union-attr]
    found = {int(one.text): one.count for one in units.values}
    assert found == left.units.value_counts().to_dict()
    optimizers = facet(big, alice, "hp:optimizer", query)
    both = table[table.units.between(16, 24)].optimizer.value_counts().to_dict()
    assert {one.value: one.count for one in optimizers.values} == both


def test_the_axis_stays_while_others_filter(big: Search, alice: User) -> None:
    whole = facet(big, alice, "score").histogram
    few = facet(big, alice, "score", "hp:optimizer__in=sgd&hp:units__lte=16").histogram
    assert whole is not None
    assert few is not None
    assert whole.edges == few.edges
    assert sum(few.counts) < sum(whole.counts)


def test_many_different_numbers_are_no_list(big: Search, alice: User) -> None:
    assert facet(big, alice, "hp:learning_rate").values == ()
    assert len(facet(big, alice, "hp:units").values) == raw(big).units.nunique()


def test_trials_without_a_value_are_counted(big: Search, alice: User) -> None:
    table = raw(big)
    assert facet(big, alice, "hp:momentum").missing == table.momentum.isna().sum()
    assert facet(big, alice, "score").missing == table.score.isna().sum()


def test_statuses_of_active_trials_come_from_their_own_rows(big: Search, alice: User) -> None:
    found = {one.value: one.count for one in facet(big, alice, "status").values}
    assert found == raw(big).status.value_counts().to_dict()


def test_tags_are_counted_in_what_is_left(big: Search, alice: User) -> None:
    for trial in big.trials.all():
        name = "good" if trial.values["optimizer"] == "sgd" else "odd"
        Tag.objects.create(project=big.project, trial=trial, name=name)
    counts = raw(big).optimizer.value_counts()
    found = {one.value: one.count for one in facet(big, alice, "tags").values}
    assert found == {"good": counts["sgd"], "odd": counts["adam"]}
    left = facet(big, alice, "tags", "hp:optimizer__in=sgd").values
    assert [one.value for one in left] == ["good"]


def test_one_value_and_none(big: Search, alice: User) -> None:
    big.trials.exclude(number__in=[1]).delete()
    one = facet(big, alice, "hp:learning_rate").histogram
    assert one is not None
    assert (one.low, one.counts) == (one.high, [1])
    empty = facet(big, alice, "parameters")
    assert empty.histogram is None
    assert empty.missing == 1
