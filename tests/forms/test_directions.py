"""Which way a metric improves: asked where nobody knows it, and nothing starts before."""

from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from tests.forms.test_search_form import _form
from tuning.analysis.trial_metrics import direction_of
from tuning.analysis.trials.columns import columns_of
from tuning.forms.imports import ObjectiveForm
from tuning.forms.limits import NAMES
from tuning.forms.searches import SearchForm, settings_of
from tuning.management.commands.tune import search_of
from tuning.models import Project, Search, SearchImport

METRICS = ["loss", "prc", "val_loss", "val_prc", "val_accuracy", "val_custom"]
ASKED = "Is val_custom better when higher or lower?"


@pytest.fixture
def curious(project: Project) -> Project:
    """A project whose template reports metrics that no name explains; one is an AUC."""
    inspection = project.inspection
    inspection.metrics, inspection.directions = METRICS, {"prc": "max", "val_prc": "max"}
    inspection.save()
    return project


def test_the_class_of_a_metric_says_it(curious: Project) -> None:
    form = _form(curious, objective="val_prc")
    assert form.is_valid(), form.errors
    assert form.search().direction == "max"


def test_an_unknown_one_is_asked_for(curious: Project) -> None:
    form = _form(curious, objective="val_custom")
    assert list(form.errors) == ["direction"]
    assert ASKED in form.errors["direction"][0]
    for direction in ("max", "min"):
        form = _form(curious, objective="val_custom", direction=direction)
        assert form.is_valid(), form.errors
        assert form.search().direction == direction


def test_what_the_code_says_holds_for_its_metric(curious: Project) -> None:
    curious.inspection.objective, curious.inspection.direction = "val_custom", "max"
    curious.inspection.save()
    form = _form(curious)
    assert form["objective"].value() == "val_custom"
    assert form.is_valid(), form.errors
    assert form.search().direction == "max"


def test_inspections_from_before_know_names_only(project: Project) -> None:
    project.inspection.metrics = METRICS
    project.inspection.save()
    assert _form(project, objective="val_accuracy").is_valid()
    assert list(_form(project, objective="val_prc").errors) == ["direction"]


def test_early_stopping_asks_as_well(curious: Project) -> None:
    form = _form(curious, early_stopping_metric="val_custom")
    assert list(form.errors) == ["early_stopping_direction"]
    assert ASKED in form.errors["early_stopping_direction"][0]
    form = _form(curious, early_stopping_metric="val_custom", early_stopping_direction="max")
    assert form.is_valid(), form.errors
    assert form.search().order().early_stopping_direction == "max"


@pytest.mark.parametrize(
    ("objective", "direction", "stopping", "way"),
    [("val_custom", "max", "val_custom", "max"), ("val_custom", "min", "val_custom", "min"),
     ("val_custom", "max", "val_loss", "min"), ("val_loss", "", "val_prc", "max"),
     ("val_loss", "", "", "")],
)  # fmt: skip
def test_early_stopping_looks_the_right_way(
    curious: Project, objective: str, direction: str, stopping: str, way: str
) -> None:
    form = _form(curious, objective=objective, direction=direction, early_stopping_metric=stopping)
    assert form.is_valid(), form.errors
    assert form.search().order().early_stopping_direction == way


def test_an_older_search_never_stops_early_by_a_guess(curious: Project, make_search: Any) -> None:
    assert make_search(early_stopping_metric="val_loss").order().early_stopping_direction == "min"
    assert make_search(early_stopping_metric="val_prc").order().early_stopping_direction == "max"
    assert make_search(early_stopping_metric="val_custom").order().early_stopping_direction == ""


def test_nothing_starts_before_it_is_answered(curious: Project, as_bob: Client) -> None:
    url = reverse("search-create", args=[curious.pk])
    assert "&quot;val_custom&quot;: &quot;&quot;" in as_bob.get(url).content.decode()
    data = {field.name: field.value() for field in SearchForm(project=curious)}
    data = {name: value for name, value in data.items() if value is not None}
    data |= {"objective": "val_custom", "inspection": curious.inspection.pk}
    response = as_bob.post(url, data)
    assert response.status_code == 422
    assert ASKED in response.content.decode()
    assert not Search.objects.exists()
    assert as_bob.post(url, {**data, "direction": "max"}).status_code == 302
    assert Search.objects.get().direction == "max"


OPTIONS: dict[str, Any] = {
    "tuner": "random", "max_trials": 2, "epochs": 1, "objective": "val_custom", "direction": "",
    "executions_per_trial": 1, "batch_size": 32, "early_stopping": "",
    "early_stopping_direction": "", "patience": 3, "seed": 1, "parallel": 2, "scoring": "",
    "folds": None, **dict.fromkeys(NAMES),
}  # fmt: skip


def test_the_command_asks_by_its_option(curious: Project) -> None:
    with pytest.raises(CommandError, match=r"Is val_custom better .* Add --direction max"):
        search_of(curious, OPTIONS)
    assert search_of(curious, {**OPTIONS, "direction": "min"}).direction == "min"
    known = {**OPTIONS, "objective": "val_loss", "early_stopping": "val_custom"}
    with pytest.raises(CommandError, match="Add --early-stopping-direction max"):
        search_of(curious, known)


def test_another_search_begins_with_the_direction_of_its_metric(
    curious: Project, make_search: Any
) -> None:
    """What is known anyway is not said outright: it follows the metric if that is changed."""
    for objective, direction, value in (
        ("val_custom", "max", "max"), ("val_prc", "max", ""), ("val_prc", "min", "min"),
    ):  # fmt: skip
        earlier = make_search(objective=objective, direction=direction)
        form = SearchForm(project=curious, initial=settings_of(earlier))
        assert form["direction"].value() == value


def test_no_column_claims_a_best_value_of_an_unknown_metric(
    curious: Project, make_search: Any
) -> None:
    columns = columns_of(make_search(objective="val_loss", direction="min"))
    better = {name: columns[f"metric:{name}"].better for name in METRICS}
    assert better == {
        "loss": "min", "prc": "max", "val_loss": "min", "val_prc": "max", "val_accuracy": "max",
        "val_custom": "",
    }  # fmt: skip
    search = make_search(objective="val_custom", direction="max")
    assert columns_of(search)["metric:val_custom"].better == "max"


def test_a_comparison_marks_no_best_of_an_unknown_metric(
    curious: Project, make_search: Any
) -> None:
    searches = [make_search(objective="val_loss", direction="min") for _ in range(2)]
    assert direction_of("val_custom", searches) is None
    assert direction_of("val_prc", searches) == "max"
    searches.append(make_search(objective="val_custom", direction="max"))
    assert direction_of("val_custom", searches) == "max"
    searches.append(make_search(objective="val_custom", direction="min"))
    assert direction_of("val_custom", searches) is None


def test_an_import_asks_as_well() -> None:
    row = SearchImport(metrics=["val_prc", "val_loss"], objective="val_prc")
    form = ObjectiveForm({"objective": "val_prc", "direction": ""}, row=row)
    assert "Is val_prc better when higher or lower?" in form.errors["direction"][0]
    assert ObjectiveForm(row=row)["objective"].value() == "val_prc"
    form = ObjectiveForm({"objective": "val_loss", "direction": ""}, row=row)
    assert form.is_valid()
    assert form.cleaned_data["direction"] == "min"
