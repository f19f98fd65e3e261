"""Figures, statuses and small pictures in pages."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tuning import figures
from tuning.analysis.mean_reconstruction import mean_reconstruction_text
from tuning.analysis.naive_forecasts import naive_text
from tuning.analysis.profiles import (
    Bars,
    WindowPicture,
    bars_info,
    imbalance_text,
    parts_text,
    shape_text,
    window_info,
)
from tuning.models import Dataset, Search
from tuning.models.addresses import TrialNumbers
from tuning.models.people import display_name
from tuning.protocol.statuses import SearchStatus, Status
from tuning.spaces.hyperparameters import Hyperparameter

register = template.Library()


@register.simple_tag
def form_limit() -> int:
    """How many bytes of text a form may have."""
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


@register.filter
def figure(value: Any, digits: int = 4) -> SafeString:
    """A figure to a sensible number of digits, with the exact one on hover."""
    return _exact(figures.figure(value, digits), value)


@register.filter
def fraction(value: float | None) -> SafeString:
    return _exact(figures.fraction(value), value)


@register.filter
def setting(value: Any) -> SafeString:
    """A hyperparameter's value. One that was not in use is empty."""
    return SafeString("") if value is None else _exact(figures.setting(value), value)


@register.filter
def signed(value: float | None) -> SafeString:
    return _exact(figures.signed(value), value)


@register.filter
def duration(value: timedelta | float | None) -> str:
    return figures.duration(value)


@register.filter
def shown(value: Any, kind: str) -> str:
    """A value of a comparison, as its row has it. What is not there is empty."""
    return "" if value is None else _SHOWN[kind](value)


@register.filter
def counted(number: int, noun: str) -> str:
    """{{ 2|counted:"trial" }}: 2 trials. A plural of its own follows a comma."""
    one, _, many = noun.partition(",")
    return figures.counted(number, one, many or None)


@register.filter
def person(user: Any) -> str:
    """The name under which others see a person. Nobody is empty: whoever it was has left."""
    return display_name(user) if user else ""


@register.filter
def trial(search: Search, number: int) -> TrialNumbers:
    """{% url 'trial-detail' search|trial:7 %}, where only the number is known."""
    return TrialNumbers(search, number)


@register.filter
def bars(dataset: Dataset) -> list[Bars]:
    return bars_info(dataset)


@register.filter
def naive(search: Search) -> str:
    return naive_text(search.project) or mean_reconstruction_text(search)


@register.filter
def window(dataset: Dataset) -> WindowPicture | None:
    return window_info(dataset)


@register.filter
def shape(dataset: Dataset) -> str:
    return shape_text(dataset)


@register.filter
def imbalance(dataset: Dataset) -> str:
    return imbalance_text(dataset)


@register.filter
def parts(dataset: Dataset) -> str:
    return parts_text(dataset)


@register.filter
def refused_fields(form: BaseForm) -> list[BoundField]:
    """The fields with errors that a person can see and change."""
    return [field for field in form.visible_fields() if field.errors]


@register.filter
def default_of(parameter: Hyperparameter) -> SafeString:
    return setting(parameter.default)


@register.filter
def conditions_json(parameter: Hyperparameter) -> str:
    """Its conditions as [[name, [values as pages show them]]], for scripts."""
    return json.dumps(
        [[c.name, [figures.setting(value) for value in c.values]] for c in parameter.conditions]
    )


@register.simple_tag
def badge(status: str, search: bool = False) -> SafeString:
    """A status as a shape and a word."""
    caption = SearchStatus(status).caption if search else Status(status).caption
    return format_html('<span class="status status-{}">{}</span>', status, caption)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "setting": setting,
    "figure": figure,
    "signed": signed,
    "duration": duration,
    "bytes": filesizeformat,
    "text": str,
}


def _exact(text: str, value: Any) -> SafeString:
    exact = figures.exact(value)
    if exact in ("", text):
        return format_html("{}", text)
    return format_html('<span title="{}">{}</span>', exact, text)
