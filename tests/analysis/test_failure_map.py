"""The failure map against pandas and made-up failures whose cause is known."""

import math
import random
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import SPACE
from tests.views.conftest import add_trial  # noqa: F401
from tuning.analysis.failure_map import Finder, Region, failure_map, log_tail, normalised
from tuning.analysis.refinement import exclusion
from tuning.models import Search
from tuning.protocol.statuses import Status
from tuning.spaces.declared import declared_space
from tuning.spaces.edits import edited
from tuning.spaces.hyperparameters import read_space

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)


def trials(count: int, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        values: dict[str, Any] = {"units": 8 * draw.randint(1, 8)}
        values["optimizer"] = draw.choice(["adam", "sgd"])
        if values["optimizer"] == "sgd":
            values["momentum"] = draw.randint(0, 8) / 10
        values["learning_rate"] = 10 ** draw.uniform(-4, -1)
        found.append(values)
    return found


def find(rows: list[dict[str, Any]], fails: Any) -> list[Region]:
    failed = [index for index, values in enumerate(rows) if fails(values)]
    completed = [index for index in range(len(rows)) if index not in failed]
    return Finder(read_space(SPACE), rows, completed).regions(failed)


def check_with_pandas(rows: list[dict[str, Any]], fails: Any, region: Region) -> None:
    frame = pandas.DataFrame(rows)
    inside = pandas.Series(True, index=frame.index)
    for side in region.sides:
        column = frame[side.name]
        inside &= {
            "from": lambda c, v: c >= v, "to": lambda c, v: c <= v, "is": lambda c, v: c == v,
        }[side.way](column, side.value)  # fmt: skip
    failed = pandas.Series([fails(values) for values in rows])
    used = frame[[side.name for side in region.sides]].notna().all(axis=1)
    inside, failed = inside[used], failed[used]
    assert region.inside == inside.sum()
    assert region.outside == (~inside).sum()
    assert region.failed_inside == (inside & failed).sum()
    assert region.failed_outside == (~inside & failed).sum()
    if region.failed_outside:
        assert region.lift == pytest.approx(failed[inside].mean() / failed[~inside].mean())
    else:
        assert region.lift == math.inf


@pytest.mark.parametrize(
    ("fails", "text"),
    [
        (lambda v: v["units"] >= 48, "units ≥ 48"),
        (lambda v: v["units"] <= 16, "units ≤ 16"),
        (lambda v: v["optimizer"] == "sgd", "optimizer is sgd"),
        (lambda v: v.get("momentum", 0) >= 0.7, "momentum ≥ 0.7"),
    ],
)
def test_the_cause_is_found(fails: Any, text: str) -> None:
    rows = trials(120)
    regions = find(rows, fails)
    assert regions[0].text == text
    assert (regions[0].share_inside, regions[0].failed_outside) == (1.0, 0)
    for region in regions:
        check_with_pandas(rows, fails, region)


def test_a_bound_of_a_continuous_range_is_found_and_excluded() -> None:
    rows = trials(150)
    (region,) = [r for r in find(rows, lambda v: v["learning_rate"] >= 0.03) if r.lift > 100]
    (side,) = region.sides
    assert (side.place, side.way) == (RATE, "from")
    above = sorted(v["learning_rate"] for v in rows if v["learning_rate"] >= 0.03)
    assert side.value == above[0]
    cut = exclusion(SPACE, side.key)
    assert cut is not None
    rate = read_space(edited(SPACE, dict([cut])))[RATE]
    assert rate.config["min_value"] == 1e-4
    assert 0.95 * side.value < rate.config["max_value"] < side.value


def test_two_together_are_found_where_one_does_not_explain() -> None:
    rows = trials(400)

    def fails(values: dict[str, Any]) -> bool:
        return values["units"] >= 40 and values["optimizer"] == "sgd"

    regions = find(rows, fails)
    assert {side.text for side in regions[0].sides} == {"units ≥ 40", "optimizer is sgd"}
    assert regions[0].share_inside == 1.0
    for region in regions:
        check_with_pandas(rows, fails, region)


def test_other_failures_do_not_hide_a_cause() -> None:
    """What ran out of memory had no chance to diverge."""
    rows = trials(200)
    memory = [i for i, values in enumerate(rows) if values["units"] >= 40]
    diverged = [i for i, v in enumerate(rows) if v["units"] < 40 and v["learning_rate"] >= 0.02]
    completed = [i for i in range(200) if i not in memory and i not in diverged]
    (region,) = Finder(read_space(SPACE), rows, completed).regions(diverged)
    assert region.sides[0].name == "learning_rate"
    assert (region.share_inside, region.failed_outside) == (1.0, 0)
    assert region.inside + region.outside == 200 - len(memory)


def test_what_is_in_use_only_with_the_cause_is_not_blamed() -> None:
    rows = trials(200)
    regions = find(rows, lambda v: v["optimizer"] == "sgd")
    assert [region.text for region in regions] == ["optimizer is sgd"]


def test_noise_is_not_shown() -> None:
    """Failures that have nothing to do with the values, in 100 searches."""
    shown = 0
    for seed in range(100):
        rows, draw = trials(60, seed), random.Random(1000 + seed)
        shown += bool(find(rows, lambda _, draw=draw: draw.random() < 0.2))
    assert shown <= 3


@pytest.mark.parametrize("failures", [1, 2])
def test_two_failures_show_no_pattern(failures: int) -> None:
    completed = range(failures, 50)
    finder = Finder(read_space(SPACE), trials(50), completed)
    assert finder.regions(list(range(failures))) == []


def test_everything_failed() -> None:
    rows = trials(30)
    assert find(rows, lambda _: True) == []


def test_the_chance_is_fishers() -> None:
    def by_hand(hits: int, inside: int, failed: int, total: int) -> float:
        return sum(
            math.comb(inside, k) * math.comb(total - inside, failed - k) / math.comb(total, failed)
            for k in range(hits, min(inside, failed) + 1)
        )

    for case in ((3, 5, 6, 20), (8, 10, 20, 100), (1, 1, 1, 2), (5, 5, 5, 5)):
        assert math.exp(log_tail(*case)) == pytest.approx(by_hand(*case))


def test_numbers_do_not_make_another_reason() -> None:
    one = "OOM when allocating tensor with shape[64,128] at 0x7f3a\nTraceback"
    assert normalised(one) == normalised("OOM when allocating tensor with shape[8,1] at 0xAB")
    assert normalised("a 1.5e-3") != normalised("b 1.5e-3")


@pytest.mark.django_db
def test_of_a_search(make_search: Any, add_trial: Any) -> None:  # noqa: F811
    search: Search = make_search(max_trials=100)
    rows = trials(60)
    broken = [number for number, values in enumerate(rows, 1) if values["units"] < 56][:2]
    for number, values in enumerate(rows, start=1):
        settings: dict[str, Any] = {"values": values, "score": 0.5}
        if values["units"] >= 56:
            settings = {
                "values": values, "status": Status.FAILED, "failure_code": "out_of_memory",
                "failure_message": f"It used {values['units']}00 MB\nmore",
            }  # fmt: skip
        elif number in broken:
            settings |= {"status": Status.FAILED, "score": None, "failure_code": "code_error"}
        add_trial(search, number, **settings)
    found = failure_map(search)
    assert (found.trials, found.failed) == (60, search.trials.filter(status="failed").count())
    memory, code = found.reasons
    assert memory.failure
    assert memory.failure.caption == "Out of memory"
    assert memory.regions[0].text == "units ≥ 56"
    assert memory.message.startswith("It used")
    assert memory.first == tuple(
        search.trials.filter(failure_code="out_of_memory").values_list("pk", "number").first()
    )
    assert (code.count, code.regions) == (2, ())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("0.from.48", "8 to 40 in steps of 8"),
        ("0.to.16", "24 to 64 in steps of 8"),
        ("0.from.16", "fixed: 8"),
        ("1.is.'sgd'", "fixed: adam"),
        ("2.from.0.7", "0 to 0.6 in steps of 0.1"),
        ("3.from.0.03125", "0.0001 to 0.0312, logarithmic"),
        ("3.to.0.03125", "0.0313 to 0.1, logarithmic"),
        ("0.from.8", None),
        ("1.is.'rmsprop'", None),
        ("9.from.1", None),
        ("0.from.nan", None),
        ("0.from", None),
        ("x", None),
        ("", None),
    ],
)
def test_what_is_left_without_a_region(key: str, words: str | None) -> None:
    cut = exclusion(SPACE, key)
    if words is None:
        assert cut is None
    else:
        assert cut is not None
        assert read_space(edited(SPACE, dict([cut])))[cut[0]].range_text == words


@given(
    low=st.integers(0, 100), step=st.sampled_from([1, 2, 5, 10, 25]), steps=st.integers(2, 30),
    data=st.data(),
)  # fmt: skip
def test_nothing_but_the_region_is_excluded(low: int, step: int, steps: int, data: Any) -> None:
    space = declared_space(
        {"rate": {"low": low / 100, "high": (low + steps * step) / 100, "step": step / 100}}
    )
    values = read_space(space)[0].grid_values
    bound = data.draw(st.sampled_from(values[1:-1]))
    for way, kept in (
        ("from", [value for value in values if value < bound]),
        ("to", [value for value in values if value > bound]),
    ):
        cut = exclusion(space, f"0.{way}.{bound}")
        assert cut is not None
        assert read_space(edited(space, dict([cut])))[0].grid_values == pytest.approx(kept)
