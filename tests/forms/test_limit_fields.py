"""Limits as people enter them."""

from typing import Any

import pytest
from django import forms

from tuning.forms.limits import DurationField, LimitsForm


@pytest.mark.parametrize(
    ("text", "seconds", "again"),
    [
        ("90", 90, "1m 30s"), ("90s", 90, "1m 30s"), ("30m", 1800, "30m"), ("30 min", 1800, "30m"),
        ("2h", 7200, "2h"), ("1.5h", 5400, "1h 30m"), ("1h 30m", 5400, "1h 30m"),
        (" 1D ", 86400, "1d"), ("2h30m", 9000, "2h 30m"), (3600, 3600, "1h"),
    ],
)  # fmt: skip
def test_a_duration(text: Any, seconds: int, again: str) -> None:
    field = DurationField()
    assert field.clean(text) == seconds
    assert field.prepare_value(seconds) == again
    assert field.clean(again) == seconds


@pytest.mark.parametrize("text", ["soon", "-5", "0", "0.2", "2 weeks", "1h x", "400d", "9" * 400])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(forms.ValidationError, match="Enter a duration"):
        DurationField().clean(text)


def test_blank_is_no_limit() -> None:
    assert DurationField(required=False).clean(" ") is None


def _data(form: LimitsForm, **values: str) -> dict[str, str]:
    """What a browser sends of this form after somebody entered `values`."""
    data = {}
    for field in form:
        shown = field.value()
        shown = "" if shown is None else str(shown)
        data[field.html_initial_name] = shown
        data[field.html_name] = values.get(field.name, shown)
    return data


def test_only_what_somebody_changed_is_changed(make_search: Any) -> None:
    search = make_search(max_time=5400, target_score=0.9)
    data = _data(LimitsForm(search=search), max_time="2h", patience_trials="5")
    # Another one extended the search and raised the target meanwhile.
    search.max_trials, search.target_score = 99, 0.95
    form = LimitsForm(data, search=search)
    assert form.is_valid(), form.errors
    assert form.changes == {"max_time": 7200, "patience_trials": 5}


def test_a_limit_can_be_taken_away(make_search: Any) -> None:
    search = make_search(max_time=5400, target_score=0.9)
    form = LimitsForm(_data(LimitsForm(search=search), max_time="", target_score=""), search=search)
    assert form.is_valid()
    assert form.changes == {"max_time": None, "target_score": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patience_trials", "0"), ("max_trials", ""), ("target_score", "nan"),
        ("target_score", "inf"), ("max_training_time", "soon"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(name: str, value: str, make_search: Any) -> None:
    search = make_search()
    form = LimitsForm(_data(LimitsForm(search=search), **{name: value}), search=search)
    assert list(form.errors) == [name]


def test_hyperband_counts_no_trials(make_search: Any) -> None:
    assert "max_trials" not in LimitsForm(search=make_search(tuner="hyperband")).fields
