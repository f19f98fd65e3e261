"""The form of a search of an Optuna script, whose code decides how long it trains."""

import json
from typing import Any

from django import forms

from tuning.models import Project, Search
from tuning.protocol.script_settings import ENQUEUED, MAX_ENQUEUED
from tuning.spaces.checked import checked_values
from tuning.strategies.optuna_arguments import OF_PRUNERS, OF_SAMPLERS, arguments_for
from tuning.strategies.traits import OFFERED

from .searches import HELP, SearchForm
from .texts import TextArea

# What the script decides, and settings of strategies that need a space that is known before.
_DECIDED = {
    "epochs", "executions_per_trial", "batch_size", "early_stopping_metric",
    "early_stopping_direction", "early_stopping_patience",
    *(name for one in OFFERED.values() if one.needs_space for name in one.strategy_settings),
}  # fmt: skip


# Fields with arguments of Optuna's classes, what they may be, and the field that names the class.
_ARGUMENTS = {
    "sampler_arguments": (OF_SAMPLERS, "tuner"),
    "pruner_arguments": (OF_PRUNERS, "pruner"),
}


class ArgumentsField(forms.CharField):
    """Arguments by name, as one JSON object. Not Django's field for JSON, which fails when it shows
    numbers again that are too long to be read."""

    widget = forms.TextInput(attrs={"spellcheck": "false", "class": "code"})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        known = isinstance(value, dict) and value
        return json.dumps(value, ensure_ascii=False) if known else value or ""

    def clean(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        text = str(value or "").strip()
        return _json_object(text) if text else {}


class ScriptSearchForm(SearchForm):
    """A new search of a project whose template is an Optuna script."""

    main_names = ("tuner", "objective", "direction", "max_trials")

    sampler_arguments = ArgumentsField(
        label="Sampler arguments",
        help_text='Arguments of Optuna’s sampler, such as {"multivariate": true}. Blank: Optuna’s '
        "defaults.",
    )
    pruner_arguments = ArgumentsField(
        label="Pruner arguments",
        help_text='Further arguments of Optuna’s pruner, such as {"n_min_trials": 3}.',
    )

    class Meta(SearchForm.Meta):
        fields = [
            *(name for name in SearchForm.Meta.fields if name not in _DECIDED), *_ARGUMENTS,
        ]  # fmt: skip

    help = {**HELP, "max_trials": "Number of configurations."}

    def _offer_choices(self) -> None:
        tuner = self.fields["tuner"]
        tuner.choices = [
            (name.value, traits.caption)
            for name, traits in OFFERED.items()
            if not traits.needs_space
        ]
        tuner.error_messages["invalid_choice"] = (
            "“%(value)s” needs a search space that is known before the search. Select another "
            "strategy."
        )
        self._leave_out_known_directions(self._offer_objective())
        self.fields[ENQUEUED] = EnqueuedField(
            label="First trials", required=False,
            help_text='A JSON object of values per line, such as {"lr": 0.01}. What is left out '
            "is suggested.",
        )  # fmt: skip

    def _proposals(self) -> dict[str, Any]:
        fields = super()._proposals()
        # What trials report, which is no field here.
        for name in ("epochs", "first_step"):
            fields.pop(name, None)
        return fields

    @property
    def enqueued(self) -> list[dict[str, Any]]:
        """The configurations that are tried first."""
        found: list[dict[str, Any]] = self.cleaned_data.get(ENQUEUED) or []
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given, most = cleaned.get(ENQUEUED) or [], cleaned.get("max_trials")
        if most is not None and len(given) > most:
            self.add_error(ENQUEUED, f"There are {len(given)}, but only {most} trials.")
        for name, (table, chosen) in _ARGUMENTS.items():
            try:
                cleaned[name] = arguments_for(table, cleaned[chosen], cleaned[name])
            except ValueError as error:
                self.add_error(name, str(error))
            except KeyError:
                pass  # One of the two has an error of its own.
        return cleaned

    def search(self) -> Search:
        search = super().search()
        search.epochs = reported_epochs(self.project)
        search.first_step = _reported(self.project, "first_step")
        return search


def reported_epochs(project: Project) -> int:
    """How many epochs a trial of the script has, or how often it reports, as validation saw it."""
    return _reported(project, "epochs")


def _reported(project: Project, name: str) -> int:
    return int(project.inspection.script_settings.fields.get(name, 1))


class EnqueuedField(forms.CharField):
    """Configurations, as one JSON object a line."""

    widget = TextArea(attrs={"rows": 3, "spellcheck": "false", "class": "code"})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(json.dumps(values) for values in value)
        return value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list):
            return value
        lines = [line for line in str(value or "").splitlines() if line.strip()]
        if len(lines) > MAX_ENQUEUED:
            raise forms.ValidationError(f"These are more than {MAX_ENQUEUED} configurations.")
        return [_json_object(line) for line in lines]

    def validate(self, value: Any) -> None:
        """Whatever was read is one."""

    def run_validators(self, value: Any) -> None:
        """Those are for texts."""


def _json_object(line: str) -> dict[str, Any]:
    """Names and values. Raises ValidationError."""
    try:
        values = json.loads(line)
    except RecursionError:
        raise forms.ValidationError(f"“{line[:60]}” is nested too deeply.") from None
    except ValueError as error:
        problem = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise forms.ValidationError(f"“{line[:60]}” is not valid JSON: {problem}.") from error
    if not isinstance(values, dict) or checked_values(values) != values:
        raise forms.ValidationError(f"“{line[:60]}” is not a JSON object of names and values.")
    return values
