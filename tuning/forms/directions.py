"""Fields that ask which way a metric improves, where nobody knows it."""

import json
from collections.abc import Callable

from django import forms

from tuning.protocol.objectives import question

HIGHER, LOWER = "Higher is better", "Lower is better"
CHOICES = [("max", HIGHER), ("min", LOWER)]
# What the first choice stands for, by the direction that is known.
AS_KNOWN = {"max": f"{HIGHER} (detected)", "min": f"{LOWER} (detected)", "": "Choose…"}


def direction_field(
    label: str, help_text: str, metric: str, known: dict[str, str]
) -> forms.ChoiceField:
    """A field that may be left alone if the direction of `metric`, the one that is chosen, is
    known. The page reads those of the others from it."""
    return forms.ChoiceField(
        label=label,
        help_text=help_text,
        choices=[("", AS_KNOWN[known.get(metric, "")]), *CHOICES],
        required=False,
        widget=forms.Select({"data-known": json.dumps(known)}),
    )


def clean_direction(
    form: forms.BaseForm, field: str, metric: str, known: Callable[[str], str]
) -> None:
    """Complete a direction that was left alone; where nobody knows it the form asks."""
    cleaned = form.cleaned_data
    if cleaned.get(field) or field in form.errors or not metric:
        return
    cleaned[field] = known(metric)
    if not cleaned[field]:
        form.add_error(field, f"{question(metric)} Cannot be detected from its name.")
