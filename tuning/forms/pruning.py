"""The part of a new search that says how its trials are pruned, made from the tables of pruners
and of their settings."""

import json
from typing import Any

from django import forms

from tuning.analysis.pruning import SETTINGS, Setting, fewest_parts, refusal
from tuning.figures import counted
from tuning.models import Search
from tuning.protocol.model_kinds import KindTraits
from tuning.strategies.pruners import CHOICES, PRUNERS, Name, Traits
from tuning.strategies.pruners import traits_of as pruner_of
from tuning.strategies.traits import STRATEGIES, traits_of

NAMES = ("pruner", *(setting.name for setting in SETTINGS))


def pruning_fields(kind: KindTraits) -> dict[str, forms.Field]:
    """None is required: which ones count depends on the pruner."""
    # What the page's script shows for which pruner, and for which strategies nothing.
    shown = {traits.name: traits.settings for traits in PRUNERS.values()}
    unpruned = " ".join(t.name for t in STRATEGIES.values() if not t.can_be_pruned)
    attrs = {"data-settings": json.dumps(shown), "data-unpruned": unpruned}
    pruner = forms.ChoiceField(
        choices=CHOICES, initial=Name.AUTO.value, required=False, label="Pruner",
        help_text="Ends trials early that do worse than others at the same point.",
        widget=forms.Select(attrs=attrs),
        error_messages={"invalid_choice": "Unknown pruner “%(value)s”."},
    )  # fmt: skip
    return {"pruner": pruner, **{setting.name: _field(setting, kind) for setting in SETTINGS}}


def _field(setting: Setting, kind: KindTraits) -> forms.Field:
    options: dict[str, Any] = {
        "min_value": setting.least, "max_value": setting.most, "required": False,
        "initial": _default(setting), "label": setting.caption,
        "help_text": setting.help_for(kind),
    }  # fmt: skip
    if setting.whole:
        return forms.IntegerField(**options)
    return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **options)


def clean_pruning(form: forms.BaseForm, cleaned: dict[str, Any], kind: KindTraits) -> None:
    """Check what the chosen pruner reads; everything else has its default, whatever was entered."""
    if "pruner" not in form.errors:
        # Who does not say it does not want it.
        cleaned["pruner"] = cleaned.get("pruner") or Name.NONE.value
    pruner = pruner_of(cleaned.get("pruner", Name.NONE.value))
    strategy = traits_of(cleaned.get("tuner") or "auto")
    if refusal(strategy, 1 + len(cleaned.get("other_objectives", []))):
        pruner = PRUNERS[Name.NONE]
    for setting in SETTINGS:
        read = setting.name in pruner.settings
        if not read:
            form.errors.pop(setting.name, None)
        if not read or (cleaned.get(setting.name) is None and setting.name not in form.errors):
            cleaned[setting.name] = _default(setting)
    if pruner.name == Name.THRESHOLD:
        _check_thresholds(form, cleaned)
    if pruner.by_part:
        _check_parts(form, cleaned, kind)
    if "pruner" in form.errors:
        return
    _check_steps(form, cleaned, pruner, kind)
    # A script may well name a pruner and run too few trials for it.
    if not kind.defines_by_run:
        _check_trials(form, cleaned, pruner)


def _default(setting: Setting) -> Any:
    return Search._meta.get_field(setting.name).get_default()


def _check_thresholds(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    if {"pruning_lower", "pruning_upper"} & form.errors.keys():
        return
    lower, upper = cleaned["pruning_lower"], cleaned["pruning_upper"]
    if lower is None and upper is None:
        form.add_error("pruning_lower", "Enter a lower or an upper threshold.")
    elif lower is not None and upper is not None and upper < lower:
        form.add_error("pruning_upper", "Enter a value above the lower threshold.")


def _check_parts(form: forms.BaseForm, cleaned: dict[str, Any], kind: KindTraits) -> None:
    part, parts = _parts(cleaned, kind)
    p = cleaned.get("pruning_p")
    # The last part has nothing left to save.
    if parts is None or p is None or parts > fewest_parts(p):
        return
    has = "has only" if parts > 1 else "has"
    form.add_error(
        "pruner",
        f"With the p threshold {p:.12g} the test needs at least {fewest_parts(p) + 1} {part}s per "
        f"trial; this search {has} {counted(parts, part)}.",
    )


def _parts(cleaned: dict[str, Any], kind: KindTraits) -> tuple[str, int | None]:
    """What a trial has several of, and how many; None if that is not valid."""
    if cleaned.get("folds") or not kind.has_epochs:
        return "fold", cleaned.get("folds")
    return "execution", cleaned.get("executions_per_trial")


# How many steps of a trial come before the first one at which it can be pruned, for each value.
_STEPS_BEFORE = {"pruning_warmup": 0, "pruning_patience": 1}


def _check_steps(
    form: forms.BaseForm, cleaned: dict[str, Any], pruner: Traits, kind: KindTraits
) -> None:
    """A trial is pruned before its last step or not at all."""
    unit, steps = _parts(cleaned, kind)
    if kind.has_epochs and not pruner.by_part:
        epochs = cleaned.get("epochs")
        unit, steps = "epoch", steps and epochs and steps * epochs
    for name, more in _STEPS_BEFORE.items():
        value = cleaned.get(name)
        if name not in pruner.settings or value is None or not steps:
            continue
        if value + more + 1 >= steps:
            form.add_error(
                name, f"A trial has only {counted(steps, unit)}, so no trial could be pruned."
            )


def _check_trials(form: forms.BaseForm, cleaned: dict[str, Any], pruner: Traits) -> None:
    trials, least = cleaned.get("max_trials"), cleaned.get("pruning_min_trials")
    if "pruning_min_trials" in pruner.settings and trials and least and least >= trials:
        form.add_error("pruning_min_trials", f"The search has only {counted(trials, 'trial')}.")
