"""The limits of a search as fields, made from their table, and the form that changes them."""

import re
from collections.abc import Callable
from typing import Any

from django import forms

from tuning.analysis.limits import EARLY, LIMITS, Limit, Unit
from tuning.analysis.quotas import trials_refusal
from tuning.models import Search

# Upper limits against slips of the finger, not against use.
MAX_TRIALS = 100_000
MAX_SECONDS = 366 * 24 * 3600

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 24 * 3600}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


class DurationField(forms.Field):
    """Seconds, written as 90, 90s, 30m, 2h, 1h 30m or 1d."""

    widget = forms.TextInput(attrs={"class": "short"})

    def to_python(self, value: Any) -> int | None:
        text = str("" if value is None else value).strip().lower()
        if not text:
            return None
        seconds, place = 0.0, 0
        while place < len(text):
            part = _PART.match(text, place)
            factor = part and _UNITS.get(part[2] or "s")
            if part is None or factor is None:
                raise forms.ValidationError("Enter a duration such as 90 (seconds), 30m or 2h.")
            seconds, place = seconds + float(part[1]) * factor, part.end()
        if not 1 <= seconds <= MAX_SECONDS:
            raise forms.ValidationError("Enter a duration between 1 second and 366 days.")
        return round(seconds)

    def prepare_value(self, value: Any) -> Any:
        """Seconds in the largest units that need no fractions: 5400 is "1h 30m"."""
        if not isinstance(value, int):
            return value
        parts, rest = [], value
        for unit in ("d", "h", "m", "s"):
            whole, rest = divmod(rest, _UNITS[unit])
            parts += [f"{whole}{unit}"] if whole else []
        return " ".join(parts)


def limit_field(limit: Limit, required: bool = False) -> forms.Field:
    return _FIELDS[limit.unit](label=limit.caption, help_text=limit.help, required=required)


class LimitsForm(forms.Form):
    """All limits that this search can have. Only what differs from what the page showed counts:
    another person may have changed the others meanwhile."""

    def __init__(self, *args: Any, search: Search, **kwargs: Any) -> None:
        limits = [limit for limit in LIMITS if limit.applies(search)]
        kwargs.setdefault("initial", {limit.name: limit.value(search) for limit in limits})
        super().__init__(*args, prefix="limits", **kwargs)
        self._search = search
        for limit in limits:
            self.fields[limit.name] = limit_field(limit, required=not limit.early)
            self.fields[limit.name].show_hidden_initial = True

    def clean_max_trials(self) -> int:
        trials: int = self.cleaned_data["max_trials"]
        # What the search has already it keeps.
        if "max_trials" in self.changed_data and (
            refusal := trials_refusal(self._search.project.team, trials)
        ):
            raise forms.ValidationError(refusal)
        return trials

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.changed_data}


def _trials_field(**options: Any) -> forms.Field:
    return forms.IntegerField(min_value=1, max_value=MAX_TRIALS, **options)


def _score_field(**options: Any) -> forms.Field:
    return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **options)


_FIELDS: dict[Unit, Callable[..., forms.Field]] = {
    Unit.TRIALS: _trials_field,
    Unit.SECONDS: DurationField,
    Unit.SCORE: _score_field,
}
NAMES = tuple(limit.name for limit in EARLY)
