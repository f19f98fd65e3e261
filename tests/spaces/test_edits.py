"""Editing a search space: what a template can take, and what KerasTuner makes of it."""

from copy import deepcopy
from typing import Any

import pytest

from tests.conftest import SPACE
from tuning.spaces.changes import baseline_note, compared
from tuning.spaces.edits import Edit, Range, Refused, Values, edit_of, edited
from tuning.spaces.hyperparameters import default_values, read_space

from .test_hyperparameters import entry, numbers

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)


def one(kind: str, **config: Any) -> dict[str, Any]:
    return {"space": [entry(kind, "x", **config)]}


def refusal(space: dict[str, Any], edit: Edit, place: int = 0) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        edited(space, {place: edit})
    return caught.value.part, caught.value.sentence


def test_narrowed_widened_fixed_and_listed() -> None:
    before = deepcopy(SPACE)
    space = edited(
        SPACE,
        {
            UNITS: Range(4, 128, 4),
            OPTIMIZER: Values(("sgd",)),
            MOMENTUM: Values((0.5, 0.9, 1)),
            RATE: Range(1e-3, 1e-2, 10, "log"),
        },
    )
    assert before == SPACE, "the template's own space is left alone"
    assert [p.range_text for p in read_space(space)] == [
        "4 to 128 in steps of 4",
        "fixed: sgd",
        "0.5, 0.9, 1",
        "0.001 to 0.01, multiplied by 10",
    ]
    for edited_entry, own in zip(space["space"], SPACE["space"], strict=True):
        assert edited_entry["config"]["conditions"] == own["config"]["conditions"]
        assert edited_entry["config"]["name"] == own["config"]["name"]
    assert [type(v) for v in space["space"][MOMENTUM]["config"]["values"]] == [float] * 3


def test_what_is_not_edited_stays_as_it_is() -> None:
    assert edited(SPACE, {})["space"] == SPACE["space"]
    same = {place: edit_of(p) for place, p in enumerate(read_space(SPACE))}
    assert edited(SPACE, same)["space"] == SPACE["space"]


@pytest.mark.parametrize(
    ("edit", "default"),
    [
        (Range(8, 32, 8), 16),
        (Range(24, 64, 8), 24),
        (Range(12, 64, 8), 12),  # 16 lies inside, but is no value: 12, 20, 28
        (Range(10, 40, None, "reverse_log"), 16),
        (Values((32, 16)), 16),
        (Values((32, 8)), 32),
        (Values((48,)), 48),
        (Range(48, 48), 48),
    ],
)
def test_the_baseline_is_the_templates_where_it_can_be(edit: Edit, default: int) -> None:
    space = edited(SPACE, {UNITS: edit})
    assert default_values(space)["units"] == default
    assert bool(baseline_note(space, SPACE)) == (default != 16)


def test_a_default_that_rounding_moves_is_one_of_the_grid() -> None:
    own = one("Float", default=0.3, **numbers(0.0, 0.9, 0.1))
    (parameter,) = read_space(edited(own, {0: Range(0.0, 0.5, 0.1)}))
    assert parameter.default in parameter.grid_values


def test_the_baseline_is_explained() -> None:
    space = edited(SPACE, {UNITS: Range(32, 64, 8), RATE: Values((0.01, 0.1))})
    assert baseline_note(space, SPACE) == (
        "The baseline differs from the template defaults: units is 32 (was 16) and learning_rate "
        "is 0.01 (was 0.001)."
    )


def test_a_long_list_of_differences_is_cut_short() -> None:
    own = {"space": [entry("Int", f"x{i}", default=1, **numbers(1, 9, 1)) for i in range(8)]}
    note = baseline_note(edited(own, {i: Values((2,)) for i in range(8)}), own)
    assert note.endswith("x3 is 2 (was 1) and 4 more differ.")


def test_a_child_that_nothing_reaches_is_said_to_be_out_of_use() -> None:
    space = compared(edited(SPACE, {OPTIMIZER: Values(("adam",))}), SPACE)
    assert [parameter.in_use for parameter in space] == [True, True, False, True]
    assert [parameter.changed for parameter in space] == [False, True, False, False]


@pytest.mark.parametrize(
    ("edit", "part", "sentence"),
    [
        (Range(64, 8), "high", "Enter a value of at least 64."),
        (Range(8.5, 64), "low", "8.5 is not a whole number."),
        (Range(8, float("nan")), "high", "nan is not a number."),
        (Range(8, float("inf")), "high", "inf is not a number."),
        (Range(8, 1e16), "high", "1e+16 is too large."),
        (Range(8, 64, 0), "step", "A step must be above 0."),
        (Range(8, 64, 0.5), "step", "0.5 is not a whole number."),
        (Range(8, 64, 100), "step", "The step exceeds the range 8 to 64."),
        (Range(8, 64, 1, "log"), "step",
         "With logarithmic sampling a step multiplies: it must be above 1."),
        (Range(8, 64, 9, "log"), "step", "8 times this is already more than 64."),
        (Range(0, 64, 2, "log"), "low",
         "Enter 1 or more, as in the template."),
        (Range(8, 64, 2, "cubic"), "sampling", "Unknown sampling “cubic”."),
        (Values(()), "values", "Enter at least one value."),
        (Values(("many",)), "values", "many is not a number."),
        (Values((True,)), "values", "True is not a number."),
        (Values((32, -1)), "values",
         "Enter 1 or more, as in the template."),
        (Values(tuple(range(1, 1002))), "values", "1,001 values exceed the limit of 1,000."),
    ],
)  # fmt: skip
def test_refused_for_whole_numbers(edit: Edit, part: str, sentence: str) -> None:
    assert refusal(SPACE, edit, UNITS) == (part, sentence)


@pytest.mark.parametrize(
    ("place", "edit", "sentence"),
    [
        (OPTIMIZER, Values(("adam", "lion")), "The template supports adam and sgd, not lion."),
        (OPTIMIZER, Values(()), "Select at least one value."),
        (OPTIMIZER, Range(1, 2), "Ranges are not supported for this hyperparameter."),
        (MOMENTUM, Range(0.0, 1.5),
         "Enter at most 1, as in the template."),
        (MOMENTUM, Range(-0.5, 0.5),
         "Enter 0 or more, as in the template."),
        (MOMENTUM, Range(0.0, 0.5, None, "log"), "Logarithmic sampling needs values above 0."),
        (MOMENTUM, Range(1e-200, 0.5, None, "log"), "1e-200 is too small."),
        (MOMENTUM, Range(1e-12, 0.5, None, "reverse_log"),
         "Reversed logarithmic sampling spans at most nine powers of ten."),
    ],
)  # fmt: skip
def test_refused_for_others(place: int, edit: Edit, sentence: str) -> None:
    assert refusal(SPACE, edit, place)[1] == sentence


def test_a_learning_rate_may_become_larger_than_one() -> None:
    assert read_space(edited(SPACE, {RATE: Range(1e-5, 10.0, None, "log")}))[RATE].count is None


def test_numbers_can_be_added_to_a_choice_of_numbers() -> None:
    space = one("Choice", values=[3, 5], ordered=True, default=3)
    (parameter,) = read_space(edited(space, {0: Values((3, 5, 7.0))}))
    assert parameter.listed == (3, 5, 7)
    assert [type(value) for value in parameter.listed] == [int, int, int]
    (parameter,) = read_space(edited(space, {0: Range(3, 11, 2)}))
    assert (parameter.kind, parameter.grid_values) == ("Int", (3, 5, 7, 9, 11))


def test_what_the_template_has_fixed_can_vary() -> None:
    (parameter,) = read_space(edited(one("Fixed", value=0.5), {0: Range(0.1, 0.9)}))
    assert (parameter.kind, parameter.default) == ("Float", 0.5)
    (parameter,) = read_space(edited(one("Fixed", value=True), {0: Values((True, False))}))
    assert (parameter.kind, parameter.default) == ("Boolean", True)
    assert refusal(one("Fixed", value="relu"), Values(("tanh",)))[1] == (
        "The template supports relu, not tanh."
    )


def test_switches_and_the_order_of_choices() -> None:
    (parameter,) = read_space(edited(one("Boolean", default=False), {0: Values((True,))}))
    assert (parameter.kind, parameter.config["value"]) == ("Fixed", True)
    own = one("Choice", values=["a", "b", "c"], ordered=False, default="b")
    (parameter,) = read_space(edited(own, {0: Values(("c", "b"))}))
    assert (parameter.listed, parameter.default) == (("b", "c"), "b")


GOVERNED = {
    "space": [
        entry("Int", "layers", default=2, **numbers(1, 3, 1)),
        entry("Int", "units_2", ("layers", [2, 3]), **numbers(8, 64, 8)),
        entry("Int", "units_3", ("layers", [3]), **numbers(8, 64, 8)),
    ]
}


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        (Range(1, 4, 1), "high"),
        (Range(1, 5, 2), "high"),
        (Range(2, 10**12, 1), "high"),
        (Values((2, 5)), "values"),
        (Range(7, 7), "low"),
    ],
)
def test_what_conditions_ask_for_is_not_widened(edit: Edit, part: str) -> None:
    assert refusal(GOVERNED, edit) == (
        part,
        "Conditions of units_2 and units_3 depend on this hyperparameter. Use only values of 1 "
        "to 3.",
    )


@pytest.mark.parametrize("edit", [Range(1, 2, 1), Range(1, 3, 2), Values((3, 1)), Values((3,))])
def test_what_conditions_ask_for_can_be_narrowed(edit: Edit) -> None:
    edited(GOVERNED, {0: edit})


def test_two_of_one_name_are_two() -> None:
    """KerasTuner tells hyperparameters apart by their name and their conditions."""
    own = {
        "space": [
            entry("Choice", "kind", values=["a", "b"], default="a"),
            entry("Int", "size", ("kind", ["a"]), default=1, **numbers(1, 4, 1)),
            entry("Int", "size", ("kind", ["b"]), default=1, **numbers(1, 4, 1)),
        ]
    }
    space = compared(edited(own, {2: Range(2, 3, 1)}), own)
    assert [p.changed for p in space] == [False, False, True]
    assert [p.own.range_text for p in space if p.own] == ["a, b", "1 to 4", "1 to 4"]


@pytest.mark.parametrize(
    ("own", "edit", "fine"),
    [
        (numbers(0, 10**6, 1), Range(5, 10**5, 3), True),
        (numbers(0, 10, 5), Range(0, 10, 1), False),
        (numbers(0, 10**6, 5), Range(0, 10, 5), True),
        (numbers(1, 100, None, "log"), Range(3, 90, None, "reverse_log"), True),
    ],
)
def test_steps_of_what_conditions_ask_for(own: dict[str, Any], edit: Edit, fine: bool) -> None:
    space = {"space": [entry("Int", "n", **own), entry("Boolean", "on", ("n", [5]))]}
    if fine:
        edited(space, {0: edit})
    else:
        assert refusal(space, edit)[0] == "step"
