"""The form of a search over scikit-learn estimators."""

import pytest

from tuning.forms.estimator_searches import EstimatorSearchForm, search_form
from tuning.forms.searches import SearchForm
from tuning.models import Project
from tuning.protocol.scorers import scorers_for


@pytest.fixture
def estimators(project: Project) -> Project:
    """The project's template builds estimators; its smallest class has 20 rows, 17 of them not
    for the test."""
    project.inspection.model_kind = "sklearn"
    project.inspection.metrics = ["score", "score_std"]
    project.dataset.profile = {
        "rows": 120, "input_shape": [4], "num_classes": 3, "class_counts": [50, 50, 20],
    }  # fmt: skip
    return project


def _form(project: Project, **values: object) -> SearchForm:
    data = {f.name: f.value() for f in search_form(project) if f.value() is not None}
    return search_form(project, {**data, **values})


def test_a_network_gets_its_own_form(project: Project) -> None:
    assert type(search_form(project)) is SearchForm


def test_the_defaults_are_valid(estimators: Project) -> None:
    form = _form(estimators)
    assert form.is_valid(), form.errors
    search = form.search()
    assert (search.model_kind, search.objective, search.direction) == ("sklearn", "score", "max")
    assert (search.folds, search.scoring, search.epochs) == (5, "", 1)


def test_what_only_networks_have_is_not_asked_for(estimators: Project) -> None:
    names = {field.name for field in search_form(estimators)}
    assert not names & {
        "objective", "direction", "epochs", "batch_size", "executions_per_trial",
        "early_stopping_metric", "early_stopping_patience", "hyperband_factor",
        "hyperband_iterations",
    }  # fmt: skip
    assert {"folds", "scoring", "max_trials", "time_limit", "seed"} <= names


def test_every_field_is_explained(estimators: Project) -> None:
    assert [field.name for field in search_form(estimators) if not field.help_text] == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("folds", 1, "greater than or equal to 2"),
        ("folds", 21, "less than or equal to 20"),
        ("folds", 18, "The smallest class has only 17 training and validation rows"),
        ("folds", "", "required"),
        ("scoring", "r2", "“r2” is not a scorer for this dataset."),
        ("scoring", "f1", "“f1” is not a scorer for this dataset."),
        ("tuner", "hyperband", "estimators do not have"),
        ("max_trials", 0, "greater than or equal to 1"),
    ],
)
def test_nonsense_is_said_beside_its_field(
    estimators: Project, name: str, value: object, sentence: str
) -> None:
    form = _form(estimators, **{name: value})
    assert list(form.errors) == [name]
    assert sentence in form.errors[name][0]
    assert str(form[name].value()) == str(value)


def test_few_rows_lower_the_proposal(estimators: Project) -> None:
    estimators.dataset.profile["class_counts"] = [50, 50, 4]
    assert search_form(estimators)["folds"].value() == 3
    estimators.dataset.profile["class_counts"] = [50, 50, 1]
    assert "only 1 training" in str(_form(estimators).errors["folds"])


def test_numbers_have_scorers_of_their_own(estimators: Project) -> None:
    dataset = estimators.dataset
    dataset.task, dataset.profile = "regression", {"rows": 12, "input_shape": [4]}
    form = _form(estimators, scoring="neg_mean_squared_error", folds=10)
    assert form.is_valid(), form.errors
    # An error that is turned around: larger is better.
    assert form.search().direction == "max"
    assert "There are only 10" in str(_form(estimators, folds=11).errors["folds"])
    choices = [
        name for name, _ in EstimatorSearchForm(project=estimators).fields["scoring"].choices
    ]
    assert choices == ["", *scorers_for(None)]
