"""The form of a new search begins with what the template's script gives to its tuner."""

from dataclasses import asdict
from typing import Any

import pytest

from tuning.forms.estimator_searches import search_form
from tuning.forms.space import SpaceForm
from tuning.models import Inspection, Project
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings, Use

ARGUMENTS = [
    ScriptArgument(7, "max_trials=9", Use.FORM, field="max_trials"),
    ScriptArgument(8, "class_weight={0: 1, 1: 5}", Use.TRAINING),
    ScriptArgument(9, "validation_split=0.2", Use.UNUSED, "The project uses its own split."),
]


@pytest.fixture
def scripted(project: Project) -> Any:
    """A function that gives the project's template a script; the project as it is then."""

    def give(space: dict[str, Any] | None = None, kind: str = "keras", **fields: Any) -> Project:
        arguments = [*ARGUMENTS, *(ScriptArgument(3, f"{n}={v}", Use.FORM, field=n)
                                   for n, v in fields.items() if n != "max_trials")]  # fmt: skip
        script = asdict(ScriptSettings(fields, space or {}, arguments))
        Inspection.objects.update(script=script, model_kind=kind)
        return Project.objects.get(pk=project.pk)

    return give


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tuner", "bayesian"), ("max_trials", 9), ("epochs", 33), ("batch_size", 16), ("seed", 0),
        ("executions_per_trial", 2), ("retries", 1), ("max_consecutive_failures", 9),
        ("hyperband_factor", 4), ("hyperband_iterations", 2),
        ("bayesian_initial_points", 4), ("bayesian_alpha", 0.001), ("bayesian_beta", 3.0),
        ("early_stopping_metric", "val_accuracy"), ("early_stopping_patience", 7),
    ],
)  # fmt: skip
def test_a_field_begins_with_the_scripts_value(scripted: Any, name: str, value: Any) -> None:
    form = search_form(scripted(**{name: value}))
    assert form[name].value() == value
    assert form.fields[name].from_script
    assert not getattr(form.fields["time_limit"], "from_script", False)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", 0, "greater than or equal to 1"), ("max_trials", 10**6, "100000"),
        ("batch_size", 5000, "exceeds the 1,258 training rows"),
        ("tuner", "magic", "not one of the available"),
        ("early_stopping_metric", "val_f1", "does not report"),
        ("scoring", "r2", "do not have this setting"),
    ],
)  # fmt: skip
def test_what_a_field_does_not_take_is_listed(
    scripted: Any, name: str, value: Any, reason: str
) -> None:
    form = search_form(scripted(**{name: value}))
    refused = [one for one in form.script.unused if one.field == name]
    assert len(refused) == 1
    assert reason in refused[0].note
    if name in form.fields:
        assert form[name].value() != value


def test_estimators_begin_with_folds_and_scorer(scripted: Any) -> None:
    form = search_form(scripted(kind="sklearn", folds=4, scoring="f1_macro", epochs=3))
    assert (form["folds"].value(), form["scoring"].value()) == (4, "f1_macro")
    assert [one.text for one in form.script.unused] == ["validation_split=0.2", "epochs=3"]


def test_the_person_and_an_earlier_search_go_before_the_script(scripted: Any) -> None:
    project = scripted(max_trials=9)
    for form in (
        search_form(project, {"max_trials": "4"}),
        search_form(project, initial={"max_trials": 4}),
    ):
        assert str(form["max_trials"].value()) == "4"
        assert not form.fields["max_trials"].from_script


def test_the_space_begins_with_the_scripts_edits(scripted: Any) -> None:
    project = scripted(space={"space": [
        {"class_name": "Fixed", "config": {"name": "learning_rate", "value": 0.001,
                                           "conditions": []}},
        {"class_name": "Fixed", "config": {"name": "optimizer", "value": "magic",
                                           "conditions": []}},
    ], "values": {}})  # fmt: skip
    script = project.inspection.script_settings
    form = SpaceForm(None, inspection=project.inspection, earlier=script.space)
    searched = {entry["config"]["name"]: entry["config"] for entry in form.space["space"]}
    assert searched["learning_rate"]["value"] == 0.001
    assert list(form.unfit) == ["optimizer"]
