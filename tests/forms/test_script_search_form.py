"""The form of a search of an Optuna script."""

import json
from dataclasses import asdict
from typing import Any

import pytest

from tuning.actions.searches import start_search
from tuning.forms.estimator_searches import search_form
from tuning.forms.searches import settings_of
from tuning.models import Inspection, Project
from tuning.protocol.script_settings import ScriptSettings, check_settings

FIELDS: dict[str, Any] = {
    "epochs": 7, "tuner": "nsga2", "seed": 42, "max_trials": 30, "max_time": 600,
    "objective_2": "values_1", "direction_2": "min",
    "constraint_1": "c", "constraint_1_relation": "<=", "constraint_1_limit": 0.0,
    "enqueued": [{"x": 1.5, "kind": "None"}, {"x": 2, "on": True}],
}  # fmt: skip


@pytest.fixture
def script(project: Project) -> Project:
    Inspection.objects.update(
        model_kind="optuna", metrics=["values_0", "values_1", "c"], objective="values_0",
        direction="max", directions={"values_0": "max", "values_1": "min"},
        script=asdict(ScriptSettings(FIELDS, {}, [])),
    )  # fmt: skip
    return Project.objects.get(pk=project.pk)


def filled(project: Project, **values: Any) -> Any:
    data = {field.name: field.value() for field in search_form(project)}
    known = {name: value for name, value in data.items() if value is not None}
    return search_form(project, {**known, **values})


def test_the_scripts_study_is_proposed(script: Project) -> None:
    check_settings(ScriptSettings(FIELDS, {}, []))
    form = filled(script)
    assert form.is_valid(), form.errors
    search = form.search()
    assert (search.objective, search.direction, search.tuner) == ("values_0", "max", "nsga2")
    assert search.other_objectives == [{"name": "values_1", "direction": "min"}]
    assert search.constraints == [{"name": "c", "relation": "<=", "limit": 0.0}]
    assert (search.seed, search.max_trials, search.max_time, search.epochs) == (42, 30, 600, 7)
    assert form.enqueued == FIELDS["enqueued"]
    blank = search_form(script)
    assert all(blank.fields[n].from_script for n in ("enqueued", "max_time", "seed", "objective"))


def test_what_the_script_decides_is_no_field(script: Project) -> None:
    fields = search_form(script).fields
    assert not {"epochs", "batch_size", "executions_per_trial", "hyperband_factor"} & fields.keys()
    assert {"grid", "bayesian", "hyperband"}.isdisjoint(dict(fields["tuner"].choices))
    assert [field.name for field in search_form(script) if not field.help_text] == []


def test_arguments_of_the_scripts_sampler_and_pruner_are_kept_with_the_search(
    script: Project, alice: Any
) -> None:
    sampler = {"n_startup_trials": 3, "multivariate": True, "group": True}
    fields = {
        **FIELDS, "tuner": "tpe", "sampler_arguments": sampler, "first_step": 0,
        "pruner": "asha", "pruner_arguments": {"bootstrap_count": 2},
    }  # fmt: skip
    check_settings(ScriptSettings(fields, {}, []))
    Inspection.objects.update(script=asdict(ScriptSettings(fields, {}, [])))
    project = Project.objects.get(pk=script.pk)
    blank = search_form(project)
    assert blank.fields["sampler_arguments"].from_script
    assert blank["sampler_arguments"].value() == json.dumps(sampler)

    form = filled(project, tuner="tpe")
    assert form.is_valid(), form.errors
    search = start_search(alice, form.search())

    search.refresh_from_db()
    assert (search.sampler_arguments, search.first_step) == (sampler, 0)
    assert search.pruning.arguments == (("bootstrap_count", 2),)
    again = search_form(project, initial=settings_of(search))
    assert again["sampler_arguments"].value() == json.dumps(sampler)
    # Those of another sampler are left out, as its other settings are.
    other = filled(project, tuner="nsga2")
    assert other.is_valid(), other.errors
    assert other.search().sampler_arguments == {}


@pytest.mark.parametrize(
    ("name", "entered", "problem"),
    [
        ("sampler_arguments", "{", "“{” is not valid JSON"),
        ("sampler_arguments", '{"gamma": [1]}', "not a JSON object of names and values"),
        ("sampler_arguments", '{"typo": 1}', "Unknown argument “typo”. NSGA-II takes population"),
        ("sampler_arguments", '{"population_size": 1}', "a whole number between 2 and 10,000"),
        ("sampler_arguments", '{"population_size": true}', "population_size: enter a whole number"),
        ("pruner_arguments", '{"n_min_trials": 0.5}', "a whole number between 1 and 100,000"),
    ],
)
def test_arguments_that_optuna_would_not_take_are_one_sentence(
    script: Project, name: str, entered: str, problem: str
) -> None:
    form = filled(script, pruner="median", **{name: entered})
    assert problem in str(form.errors[name])
    assert list(form.errors) == [name]


@pytest.mark.parametrize(
    ("entered", "problem"),
    [
        ('{"popsize": ' + "1" * 5000 + "}", "is not valid JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_arguments_that_python_cannot_read_are_refused_and_shown_again(
    script: Project, entered: str, problem: str
) -> None:
    form = filled(script, sampler_arguments=entered)
    assert problem in str(form.errors["sampler_arguments"])
    assert form["sampler_arguments"].value() == entered
    assert problem in str(filled(script, enqueued=entered).errors["enqueued"])


def test_arguments_that_exclude_each_other_are_refused(script: Project) -> None:
    entered = '{"group": true, "multivariate": false}'
    errors = filled(script, tuner="tpe", sampler_arguments=entered).errors
    assert "group=True and multivariate=False together" in str(errors["sampler_arguments"])


def test_a_script_may_run_too_few_trials_for_its_pruner(script: Project) -> None:
    form = filled(script, pruner="median", pruning_min_trials=5, max_trials=3)
    assert form.is_valid(), form.errors


@pytest.mark.parametrize(
    ("entered", "problem"),
    [
        ("{", "“{” is not valid JSON"),
        ("[1]", "not a JSON object of names and values"),
        ('{"x": [1]}', "not a JSON object of names and values"),
        ('{"x": 1}\n' * 31, "There are 31, but only 30 trials."),
    ],
)
def test_first_trials_are_json_objects(script: Project, entered: str, problem: str) -> None:
    assert problem in str(filled(script, enqueued=entered).errors["enqueued"])


def test_a_strategy_that_needs_the_space_is_refused(script: Project) -> None:
    errors = filled(script, tuner="grid").errors
    assert "needs a search space that is known before" in str(errors["tuner"])
