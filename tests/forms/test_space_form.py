"""The search space in the form of a new search."""

import json
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SPACE
from tests.spaces.test_hyperparameters import entry, numbers
from tuning.forms.space import SpaceForm
from tuning.models import Inspection, Project
from tuning.spaces.combinations import combinations, grid_size
from tuning.spaces.hyperparameters import read_space


@pytest.fixture
def inspection(project: Project) -> Inspection:
    return project.inspection


def sent(inspection: Inspection, /, **changes: Any) -> QueryDict:
    """What a browser sends: every field of every row. units_low becomes that of the row units."""
    data = QueryDict(mutable=True)
    places = {}
    for row in SpaceForm(None, inspection=inspection).rows:
        places[row.own.name] = row.place
        for field in row:
            value = field.value()
            data.setlist(field.html_name, value if isinstance(value, list) else [value or ""])
    for name, value in changes.items():
        parameter, _, part = name.rpartition("_")
        key = f"space-{places[parameter]}-{part}" if parameter in places else name
        data.setlist(key, value if isinstance(value, list) else [value])
    return data


def form(inspection: Inspection, **changes: Any) -> SpaceForm:
    return SpaceForm(sent(inspection, **changes), inspection=inspection)


def test_the_form_as_it_comes_is_the_templates_space(inspection: Inspection) -> None:
    assert form(inspection).is_valid()
    assert form(inspection).space == SPACE
    assert SpaceForm({"epochs": "3"}, inspection=inspection).space == SPACE
    assert form(inspection).changes == 0


def test_numbers_as_people_type_them(inspection: Inspection) -> None:
    given = form(
        inspection, units_way="values", units_values=" 64, 1e1;32 ,64,", learning_rate_low="1e-3",
        learning_rate_high=".01", learning_rate_sampling="linear", momentum_way="values",
        momentum_values="0.9",
    )  # fmt: skip
    assert given.is_valid(), [row.errors for row in given.rows]
    words = [row.searched.range_text for row in given.rows]
    assert words == ["64, 10, 32", "adam, sgd", "fixed: 0.9", "0.001 to 0.01"]
    assert given.changes == 3


@pytest.mark.parametrize(
    ("changes", "row", "field", "sentence"),
    [
        ({"units_low": "many"}, 0, "low",
         "“many” is not a number. Enter numbers such as 64, 0.001 or 1e-4."),
        ({"units_low": "1,000"}, 0, "low",
         "“1,000” is not a number. Enter numbers such as 64, 0.001 or 1e-4."),
        ({"units_low": ""}, 0, "low", "Enter a number."),
        ({"units_high": "4"}, 0, "high", "Enter a value of at least 8."),
        ({"units_step": "0"}, 0, "step", "A step must be above 0."),
        ({"units_low": "1e400"}, 0, "low", "inf is not a number."),
        ({"units_sampling": "cubic"}, 0, "sampling",
         "Select a valid choice. cubic is not one of the available choices."),
        ({"units_way": "values", "units_values": " , "}, 0, "values", "Enter at least one value."),
        ({"units_way": "values", "units_values": "32, x"}, 0, "values",
         "“x” is not a number. Enter numbers such as 64, 0.001 or 1e-4."),
        ({"units_way": "values", "units_values": "32, 0.5"}, 0, "values",
         "0.5 is not a whole number."),
        ({"units_way": "magic"}, 0, "way",
         "Select a valid choice. magic is not one of the available choices."),
        ({"optimizer_values": []}, 1, "values", "Select at least one value."),
        ({"optimizer_values": ["7"]}, 1, "values", "The template supports only adam, sgd."),
        ({"learning_rate_low": "0"}, 3, "low", "Logarithmic sampling needs values above 0."),
        ({"learning_rate_step": "1"}, 3, "step",
         "With logarithmic sampling a step multiplies: it must be above 1."),
    ],
)  # fmt: skip
def test_refused_beside_its_field(
    changes: dict[str, Any], row: int, field: str, sentence: str, inspection: Inspection
) -> None:
    given = form(inspection, **changes)
    assert not given.is_valid()
    assert [refused.place for refused in given.refused_rows] == [row]
    assert given.rows[row].errors == {field: [sentence]}
    assert given.rows[row].first_error == sentence
    assert given.space == SPACE, "what is refused is not searched"
    for name, value in changes.items():
        shown = given.rows[row][name.rpartition("_")[2]].value()
        assert shown == value, "what was typed is kept"


def test_what_is_not_used_is_not_judged(inspection: Inspection) -> None:
    assert form(inspection, units_values="what").is_valid()
    assert form(inspection, units_way="values", units_values="8", units_low="what").is_valid()


def test_a_choice_narrowed_leaves_its_children_out(inspection: Inspection) -> None:
    given = form(inspection, optimizer_values=["0"])
    assert [row.searched.in_use for row in given.rows] == [True, True, False, True]
    assert (given.changes, given.never_used) == (1, 1)


def test_a_row_and_all_rows_can_be_reset(inspection: Inspection) -> None:
    changes = {"units_low": "x", "learning_rate_low": "0.01"}
    one = form(inspection, reset="0", **changes)
    assert one.is_valid()
    assert [row.searched.changed for row in one.rows] == [False, False, False, True]
    assert one.rows[0]["low"].value() == "8"
    assert form(inspection, reset="all", **changes).space == SPACE


def test_an_earlier_search_is_where_a_new_one_begins(inspection: Inspection) -> None:
    earlier = form(
        inspection, units_way="values", units_values="16, 32", optimizer_values=["1"],
        momentum_low="0.5",
    ).space  # fmt: skip
    again = SpaceForm(None, inspection=inspection, earlier=earlier)
    assert again.space == earlier
    assert again.rows[0]["values"].value() == "16, 32"
    assert again.rows[0]["low"].value() == "8", "the template's range is at hand"
    assert again.rows[1]["values"].value() == ["1"]
    reset = SpaceForm({"reset": "all"}, inspection=inspection, earlier=earlier)
    assert reset.space == SPACE


def test_what_an_earlier_search_has_and_this_template_cannot_take(inspection: Inspection) -> None:
    earlier = {
        "space": [
            entry("Choice", "optimizer", values=["adam", "lion"]),
            entry("Fixed", "units", value=8),
            entry("Boolean", "gone"),
        ]
    }
    space = SpaceForm(None, inspection=inspection, earlier=earlier).space
    assert space["space"][0]["config"]["value"] == 8
    assert space["space"][1:] == SPACE["space"][1:]


def test_rows_of_another_version_are_not_taken_for_these(inspection: Inspection) -> None:
    data = sent(inspection, units_low="16", inspection=str(inspection.pk + 1))
    given = SpaceForm(data, inspection=inspection)
    assert not given.is_valid()
    assert given.is_stale
    assert given.space == SPACE


def test_a_grid_lists_its_values(inspection: Inspection) -> None:
    wide = {"units_high": "1e9", "units_step": "1"}
    assert form(inspection, **wide).is_valid()
    given = form(inspection, tuner="grid", **wide)
    assert given.rows[0].errors == {
        "step": [
            "Grid search would try each of 999,999,993 values: give units a larger step or a list "
            "of values."
        ]
    }


def test_a_wide_range_of_the_template_itself_is_refused_for_a_grid(inspection: Inspection) -> None:
    inspection.space = {"space": [entry("Int", "seed", **numbers(0, 2**31, 1))]}
    given = SpaceForm({"tuner": "grid"}, inspection=inspection)
    assert "step" in given.rows[0].errors


ANYTHING = st.one_of(
    st.text(max_size=12), st.integers().map(str), st.floats().map(str),
    st.sampled_from(["range", "values", "log", "linear", "reverse_log", "0", "1", "1e308", "1, 2"]),
)  # fmt: skip
FIELDS = [
    f"space-{place}-{name}"
    for place in range(len(SPACE["space"]))
    for name in ("way", "low", "high", "step", "sampling", "values")
]


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*FIELDS, "reset", "tuner", "inspection"]), ANYTHING))
@settings(max_examples=400, deadline=None)
def test_whatever_is_sent_ends_in_a_space_or_in_sentences(data: dict[str, str]) -> None:
    query = QueryDict(mutable=True)
    query.update(data)
    given_ = SpaceForm(query, inspection=Inspection(pk=1, space=SPACE))
    for row in given_.rows:
        assert bool(row.errors) == bool(row.first_error)
    searched = read_space(json.loads(json.dumps(given_.space, allow_nan=False)))
    assert [p.name for p in searched] == [p.name for p in read_space(SPACE)]
    assert [p.conditions for p in searched] == [p.conditions for p in read_space(SPACE)]
    assert grid_size(searched) >= 1
    assert combinations(searched) != 0


def test_a_hundred_hyperparameters(inspection: Inspection) -> None:
    inspection.space = {"space": [entry("Int", f"x{i}", **numbers(1, 9, 1)) for i in range(100)]}
    given = form(inspection, x99_high="5")
    assert given.is_valid()
    assert given.changes == 1
