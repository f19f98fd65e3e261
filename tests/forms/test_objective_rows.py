"""The rows of a new search for several objectives and for constraints."""

from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client

from tuning.forms.searches import SearchForm, settings_of
from tuning.models import Project, Search
from tuning.protocol.constraints import Constraint
from tuning.protocol.objectives import Objective
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings, Use

SIZE = {"objective_2": "parameters", "direction_2": ""}
SMALL = {
    "constraint_1": "parameters", "constraint_1_relation": "<=", "constraint_1_limit": "200000",
}  # fmt: skip


def form_of(project: Project, **values: object) -> SearchForm:
    data = {
        field.name: field.value()
        for field in SearchForm(project=project)
        if field.value() is not None
    }
    return SearchForm({**data, **values}, project=project)


def search_of(project: Project, **values: object) -> Search:
    form = form_of(project, **values)
    assert form.is_valid(), form.errors
    return form.search()


def test_a_search_has_one_objective_unless_more_are_selected(project: Project) -> None:
    search = search_of(project)
    assert search.objectives == [Objective("val_accuracy", "max")]
    assert (search.other_objectives, search.constraints) == ([], [])


def test_objectives_and_constraints_become_part_of_the_search(project: Project) -> None:
    search = search_of(project, **SIZE, **SMALL, objective_4="val_loss")
    assert search.objectives == [
        Objective("val_accuracy", "max"), Objective("parameters", "min"),
        Objective("val_loss", "min"),
    ]  # fmt: skip
    assert search.constraint_list == [Constraint("parameters", "<=", 200_000)]
    assert search.judged_by == ["val_accuracy", "parameters", "val_loss"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"objective_2": "val_accuracy"}, "objective_2"),
        ({"objective_2": "parameters", "objective_3": "parameters"}, "objective_3"),
        ({"objective_2": "val_f1"}, "objective_2"),
        ({"constraint_1": "parameters"}, "constraint_1_limit"),
        ({**SMALL, "constraint_1_limit": "nan"}, "constraint_1_limit"),
        ({**SMALL, "constraint_1_relation": "<"}, "constraint_1_relation"),
        ({**SIZE, "tuner": "hyperband"}, "tuner"),
        ({**SIZE, "tuner": "bayesian"}, "tuner"),
        ({**SIZE, "tuner": "cmaes"}, "tuner"),
        ({**SMALL, "tuner": "hyperband"}, "tuner"),
        ({**SIZE, "target_score": "0.9"}, "target_score"),
        ({**SIZE, "patience_trials": "5"}, "patience_trials"),
    ],
)
def test_nonsense_is_said_beside_its_field(
    project: Project, values: dict[str, str], field: str
) -> None:
    assert list(form_of(project, **values).errors) == [field]


def test_trials_with_several_objectives_are_not_pruned(project: Project) -> None:
    search = search_of(project, **SIZE, pruner="median", max_trials=50, epochs=50)
    assert not search.pruning.traits.prunes


def test_a_new_search_begins_with_the_rows_of_an_earlier_one(project: Project) -> None:
    earlier = search_of(project, **SIZE, **SMALL)
    form = SearchForm(project=project, initial=settings_of(earlier))
    assert form["objective_2"].value() == "parameters"
    assert [row.is_used for row in form.objective_rows] == [True, False, False]
    again = search_of(project, **settings_of(earlier))
    assert (again.objectives, again.constraints) == (earlier.objectives, earlier.constraints)


@pytest.mark.django_db
def test_the_page_has_the_rows_and_the_reasons(as_alice: Client, project: Project) -> None:
    page = as_alice.get(f"/projects/{project.pk}/searches/new/").content.decode()
    for text in ("Add objective", "Hyperband needs a single objective", "Pruning is off"):
        assert text in page


@pytest.mark.django_db
def test_the_plan_names_what_automatic_does(as_alice: Client, project: Project) -> None:
    data: dict[str, Any] = {**form_of(project, **SIZE).data, "inspection": project.inspection.pk}
    page = as_alice.post(f"/projects/{project.pk}/searches/plan/", data).content.decode()
    assert "compares 2 objectives" in page


@pytest.fixture
def scripted(project: Project) -> Project:
    """A script whose Bayesian tuner is given a list of objectives."""
    fields = {"tuner": "bayesian", "objective_2": "val_loss", "direction_2": "min"}
    said = "Proposes several objectives (val_accuracy, val_loss)."
    arguments = [
        ScriptArgument(3, "BayesianOptimization", Use.FORM, field="tuner"),
        ScriptArgument(4, "objective=[…]", Use.FORM, said, field="objective"),
    ]
    row = project.inspection
    row.objective, row.direction = "val_accuracy", "max"
    row.script = asdict(ScriptSettings(fields, {}, arguments))
    row.save()
    return project


def test_a_list_of_objectives_in_a_script_is_proposed(scripted: Project) -> None:
    form = SearchForm(project=scripted)
    assert form["objective"].value() == "val_accuracy"
    assert form["objective_2"].value() == "val_loss"
    assert form.fields["objective_2"].from_script  # type: ignore[attr-defined]
    # Its strategy knows one objective alone, which the page says.
    assert form["tuner"].value() == "auto"
    assert [one.text for one in form.script.unused] == ["BayesianOptimization"]
    assert "single objective" in form.script.unused[0].note
    search = search_of(scripted)
    assert [each.name for each in search.objectives] == ["val_accuracy", "val_loss"]
