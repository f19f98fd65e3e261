"""The form of a new search."""

import pytest
from django.utils import timezone

from tuning.forms.searches import ExtendForm, SearchForm, default_objective, ordered_metrics
from tuning.models import Project, Search, Worker


def _form(project: Project, **values: object) -> SearchForm:
    data = {
        field.name: field.value()
        for field in SearchForm(project=project)
        if field.value() is not None
    }
    return SearchForm({**data, **values}, project=project)


def test_the_defaults_are_valid(project: Project) -> None:
    form = _form(project)
    assert form.is_valid(), form.errors


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0), ("max_trials", 0), ("batch_size", 0), ("batch_size", 1259),
        ("executions_per_trial", 0), ("objective", "val_f1"), ("early_stopping_metric", "val_f1"),
        ("early_stopping_patience", 0), ("seed", -1), ("parallel_trials", 0), ("retries", -1),
        ("max_consecutive_failures", 0), ("time_limit", 1), ("stall_limit", 4000),
        ("hyperband_factor", 1), ("hyperband_iterations", 0), ("bayesian_initial_points", 0),
        ("bayesian_alpha", -1), ("bayesian_beta", "nan"), ("tuner", "magic"),
    ],
)  # fmt: skip
def test_nonsense_is_said_beside_its_field(project: Project, name: str, value: object) -> None:
    assert list(_form(project, **{name: value}).errors) == [name]


@pytest.mark.parametrize(("slots", "proposed"), [((), 2), ((1,), 2), ((2, 3), 5), ((8, 8), 8)])
def test_all_slots_are_proposed_for_parallel_trials(
    project: Project, slots: tuple[int, ...], proposed: int
) -> None:
    now = timezone.now()
    for number, count in enumerate(slots):
        Worker.objects.create(name=f"w{number}", slots=count, started_at=now, seen_at=now)
    assert SearchForm(project=project)["parallel_trials"].value() == proposed


def test_every_field_is_explained(project: Project) -> None:
    assert [field.name for field in SearchForm(project=project) if not field.help_text] == []


@pytest.mark.parametrize(
    ("objective", "given", "direction"),
    [("val_accuracy", "", "max"), ("val_loss", "", "min"), ("val_loss", "max", "max")],
)
def test_the_direction_is_inferred_unless_given(
    project: Project, objective: str, given: str, direction: str
) -> None:
    form = _form(project, objective=objective, direction=given)
    assert form.is_valid()
    assert form.search().direction == direction


@pytest.mark.parametrize(
    ("direction", "objective", "expected"),
    [("max", "val_loss", "max"), ("", "val_loss", "min"), ("max", "val_accuracy", "max")],
)
def test_the_codes_own_objective_is_proposed_with_its_direction(
    project: Project, direction: str, objective: str, expected: str
) -> None:
    inspection = project.inspection
    inspection.objective, inspection.direction = "val_loss", direction
    inspection.save()
    form = SearchForm(project=project)
    assert form["objective"].value() == "val_loss"
    form = _form(project, objective=objective)
    assert form.is_valid()
    assert form.search().direction == expected


def test_hyperband_needs_no_number_of_trials(project: Project) -> None:
    form = _form(project, tuner="hyperband", max_trials="")
    assert form.is_valid()
    assert form.search().max_trials == 20


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("bayesian_initial_points", "", None), ("bayesian_initial_points", "7", 7),
        ("bayesian_alpha", "", 1e-4), ("bayesian_alpha", "0.01", 0.01), ("bayesian_beta", "", 2.6),
    ],
)  # fmt: skip
def test_bayesian_settings_may_be_left_out(
    project: Project, name: str, given: str, expected: float | None
) -> None:
    form = _form(project, tuner="bayesian", **{name: given})
    assert form.is_valid()
    assert getattr(form.search(), name) == expected


def test_validation_metrics_come_first() -> None:
    assert ordered_metrics(["accuracy", "loss", "val_accuracy", "val_loss"]) == [
        "val_accuracy", "val_loss", "accuracy", "loss",
    ]  # fmt: skip


def test_regression_minimises_an_error(project: Project) -> None:
    project.dataset.task = "regression"
    metrics = ["loss", "val_loss", "val_mean_absolute_error"]
    assert default_objective(project, metrics) == "val_mean_absolute_error"
    assert default_objective(project, ["loss", "val_loss"]) == "val_loss"


def test_extending_hyperband_adds_iterations() -> None:
    form = ExtendForm(search=Search(tuner="hyperband", hyperband_iterations=2))
    assert form["seen"].value() == 2
    assert form["more"].label == "More Hyperband iterations"
    assert ExtendForm({"more": 101, "seen": 2}, search=Search(tuner="hyperband")).errors
