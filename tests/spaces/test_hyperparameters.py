"""Search spaces: ranges in words, combinations, the grid."""

from itertools import product
from typing import Any

import pytest

from tests.conftest import SPACE
from tuning.spaces.combinations import combinations, grid_size, in_use
from tuning.spaces.hyperparameters import read_space


def entry(kind: str, name: str, when: tuple[str, list[Any]] | None = None, **config: Any) -> Any:
    conditions = (
        [{"class_name": "Parent", "config": {"name": when[0], "values": when[1]}}] if when else []
    )
    return {"class_name": kind, "config": {"name": name, "conditions": conditions, **config}}


def numbers(low: float, high: float, step: float | None = None, sampling: str = "linear") -> Any:
    return {"min_value": low, "max_value": high, "step": step, "sampling": sampling}


def space(*entries: Any) -> Any:
    return read_space({"space": list(entries)})


def test_the_space_of_the_cast() -> None:
    parameters = read_space(SPACE)
    # Nine momenta: KerasTuner divides 0.9 by 0.1 with //, which loses the last one.
    assert [p.count for p in parameters] == [8, 2, 9, None]
    assert combinations(parameters) is None
    # 8 units, adam or sgd with 9 momenta, 10 samples of the learning rate and its default
    assert grid_size(parameters) == 8 * (1 + 9) * 11


@pytest.mark.parametrize(
    ("kind", "config", "text", "count"),
    [
        ("Int", numbers(8, 64, 8), "8 to 64 in steps of 8", 8),
        ("Int", numbers(1, 9, 1), "1 to 9", 9),
        ("Int", numbers(8, 64, 2, "log"), "8 to 64, multiplied by 2", 4),
        ("Int", numbers(8, 64, None, "log"), "8 to 64, logarithmic", 57),
        ("Float", numbers(0.0, 0.5, 0.1), "0 to 0.5 in steps of 0.1", 5),
        ("Float", numbers(1e-4, 1e-1, None, "log"), "0.0001 to 0.1, logarithmic", None),
        ("Float", numbers(1e-4, 1e-1, 10, "log"), "0.0001 to 0.1, multiplied by 10", 4),
        ("Choice", {"values": ["adam", "sgd"]}, "adam, sgd", 2),
        ("Boolean", {"default": False}, "on or off", 2),
        ("Fixed", {"value": 3}, "fixed: 3", 1),
    ],
)
def test_ranges(kind: str, config: Any, text: str, count: int | None) -> None:
    (parameter,) = space(entry(kind, "x", **config))
    assert parameter.range_text == text
    assert parameter.count == count
    if count is not None and "None" not in str(config):
        assert len(parameter.grid_values) == count


def test_ten_samples_of_what_has_no_step() -> None:
    (linear,) = space(entry("Float", "x", **numbers(0.0, 1.0)))
    assert linear.grid_values == pytest.approx([0.05 + 0.1 * i for i in range(10)])
    (few,) = space(entry("Int", "x", **numbers(1, 3, None, "log")))
    assert few.grid_values == (1, 2, 3)


def test_defaults_as_keras_tuner_decides_them() -> None:
    parameters = space(
        entry("Int", "a", default=None, **numbers(8, 64, 8)),
        entry("Choice", "b", default=None, values=["x", "y"]),
        entry("Boolean", "c", default=False),
        entry("Fixed", "d", value=7),
        entry("Float", "e", default=0.5, **numbers(0.0, 1.0)),
    )
    assert [p.default for p in parameters] == [8, "x", False, 7, 0.5]


def test_conditions_nest() -> None:
    parameters = space(
        entry("Int", "depth", **numbers(1, 3, 1)),
        entry("Choice", "second", ("depth", [2, 3]), values=["a", "b"]),
        entry("Choice", "third", ("depth", [3]), values=[1, 2, 3, 4]),
        entry("Boolean", "inner", ("second", ["b"])),
        entry("Boolean", "free"),
    )
    # By hand: depth 1 has 1; depth 2 has a, b+2; depth 3 that times 4; all times `free`.
    assert combinations(parameters) == (1 + 3 + 3 * 4) * 2
    assert grid_size(parameters) == combinations(parameters)


def test_a_plain_product() -> None:
    parameters = space(entry("Boolean", "a"), entry("Choice", "b", values=[1, 2, 3]))
    assert combinations(parameters) == len(list(product((True, False), (1, 2, 3))))
    assert combinations([]) == 1


def test_wide_ranges_and_many_parents_cost_nothing() -> None:
    parameters = space(
        entry("Int", "seed", **numbers(0, 10**15, 1)),
        *(entry("Boolean", f"on_{i}") for i in range(60)),
        *(entry("Int", f"x_{i}", (f"on_{i}", [True]), **numbers(1, 4, 1)) for i in range(60)),
    )
    assert combinations(parameters) == grid_size(parameters) == (10**15 + 1) * 5**60
    assert all(in_use(parameters))


def test_conditions_that_nothing_meets() -> None:
    parameters = space(
        entry("Fixed", "depth", value=1),
        entry("Choice", "second", ("depth", [2, 3]), values=["a", "b"]),
        entry("Float", "inner", ("second", ["b"]), **numbers(0.0, 1.0)),
        entry("Boolean", "free", ("depth", [1])),
    )
    assert in_use(parameters) == [True, False, False, True]
    assert combinations(parameters) == 2, "a continuous range counts only where it is in use"


@pytest.mark.parametrize(
    ("config", "value", "closest"),
    [
        (numbers(0.0, 0.5, 0.1), 0.3, 0.30000000000000004),
        (numbers(0.0, 0.5, 0.1), 0.35, None),
        (numbers(0.0, 0.5), 0.35, 0.35),
        (numbers(1e-4, 1e-1, 10, "log"), 1e-2, 0.01),
        (numbers(1e-4, 1e-1, 10, "log"), 2e-2, None),
        (numbers(1.0, 10.0, 2, "reverse_log"), 9.0, 9.0),
        (numbers(1.0, 10.0, 2, "reverse_log"), 1.0, None),
        (numbers(1.0, 10.0), 11.0, None),
        (numbers(1.0, 10.0), "5", None),
        (numbers(1.0, 10.0), True, None),
    ],
)
def test_values_up_to_rounding(config: Any, value: Any, closest: float | None) -> None:
    (parameter,) = space(entry("Float", "x", **config))
    assert parameter.closest(value) == (closest if closest is None else pytest.approx(closest))
    assert parameter.takes(value) == (closest == value)


def test_one_is_not_true() -> None:
    switch, number = space(entry("Boolean", "a"), entry("Choice", "b", values=[0, 1]))
    assert not switch.takes(1)
    assert not number.takes(True)


@pytest.mark.tensorflow
def test_counts_and_values_are_keras_tuners() -> None:
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Float("dropout", 0.0, 0.5, step=0.1)
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    hp.Float("tenfold", 1e-4, 1e-1, step=10, sampling="log")
    hp.Float("back", 0.1, 1.0, sampling="reverse_log")
    hp.Int("units", 32, 128, step=32)
    hp.Int("filters", 8, 64, step=2, sampling="log")
    hp.Int("free", 1, 100, sampling="log")
    hp.Boolean("on")
    hp.Choice("kind", ["a", "b"])
    hp.Fixed("always", 3)
    for parameter, own in zip(read_space(hp.get_config()), hp.space, strict=True):
        assert sorted(parameter.grid_values) == pytest.approx(sorted(own.values)), own.name
        assert parameter.default == own.default, own.name


@pytest.mark.tensorflow
def test_the_grid_is_as_large_as_keras_tuners() -> None:
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b"])
    hp.Float("rate", 1e-3, 1e-1, sampling="log", default=2e-3)
    with hp.conditional_scope("kind", ["b"]):
        hp.Int("units", 8, 40, step=16, default=30)
    oracle = keras_tuner.oracles.GridSearchOracle(
        objective=keras_tuner.Objective("x", "min"), hyperparameters=hp
    )
    oracle.verbose = 0
    oracle.save = oracle._save_trial = lambda *_: None
    tried = set()
    while (trial := oracle.create_trial("t")).status != "STOPPED":
        tried.add(tuple(sorted(trial.hyperparameters.values.items())))
        trial.metrics.register("x", direction="min")
        trial.metrics.update("x", 1.0, step=0)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    parameters = read_space(hp.get_config())
    assert len(tried) == grid_size(parameters) == 11 + 11 * 4
