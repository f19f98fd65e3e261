"""Lists of any length: what a form does with a value does not depend on how many there are."""

from typing import Any

import pytest
from django import forms
from django.utils.datastructures import MultiValueDict

from tuning.forms.lists import ManyChoices
from tuning.forms.notes import MAX_TRIALS, MarkForm


class Text(str):
    """A text that counts how often any of its kind is looked at."""

    looks = 0

    def __eq__(self, other: object) -> bool:
        Text.looks += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__

    def isdecimal(self) -> bool:
        Text.looks += 1
        return super().isdecimal()


@pytest.fixture(autouse=True)
def looks() -> None:
    Text.looks = 0


def mark(count: int) -> MarkForm:
    data: Any = MultiValueDict({"mark": ["star"], "trial": [Text(key) for key in range(count)]})
    return MarkForm(data)


def test_too_many_are_counted_and_nothing_else() -> None:
    form = mark(9_990)
    assert form.errors["trial"] == ["Select at most 5,000 trials."]
    assert Text.looks == 0


def test_as_many_as_may_be_are_looked_at_once() -> None:
    form = mark(MAX_TRIALS)
    assert form.is_valid()
    assert form.cleaned_data["trial"] == list(range(MAX_TRIALS))
    assert Text.looks <= 2 * MAX_TRIALS


class Form(forms.Form):
    values = ManyChoices(choices=[(Text(key), key) for key in range(2_000)])


def test_each_choice_is_found_at_once_and_counts_once() -> None:
    data: Any = MultiValueDict({"values": [Text(key) for key in range(2_000)] * 4})
    form = Form(data)
    assert form.is_valid()
    assert form.cleaned_data["values"] == [str(key) for key in range(2_000)]
    assert Text.looks < 50_000


def test_what_is_no_choice_is_named() -> None:
    form = Form(MultiValueDict({"values": ["1", "5000"]}))  # type: ignore[arg-type]
    assert "5000 is not one of the available choices" in str(form.errors["values"])
    assert "required" in str(Form(MultiValueDict()).errors["values"])  # type: ignore[arg-type]
