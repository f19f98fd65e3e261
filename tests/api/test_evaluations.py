"""Evaluations and comparisons of models, confirmations and dry runs by the API."""

from dataclasses import asdict

import pytest

from tests.views.evaluations import LINES, classification, evaluated
from tuning.models import DryRun, ModelEvaluation, Project, SavedModel, Search, Trial
from tuning.protocol.events import ModelTried
from tuning.protocol.statuses import SearchStatus, Status

from .conftest import Caller
from .test_write import errors


@pytest.fixture
def at(saved_model: SavedModel) -> str:
    return f"projects/{saved_model.project_id}/models"


def test_an_evaluation_has_scores_with_intervals(
    dora_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    assert dora_calls.get(f"{at}/1/evaluation").json()["status"] is None
    evaluated(saved_model, classification(), LINES)
    found = dora_calls.get(f"{at}/1/evaluation").json()
    assert (found["status"], found["rows"]) == ("completed", 5)
    assert found["scores"][0] == {"name": "accuracy", "value": 0.9444, "low": 0.91, "high": 0.97}
    assert found["outputs"][0]["confusion"]["counts"] == [[1, 2], [0, 2]]
    assert [each["column"] for each in found["importances"]["columns"]] == ["size", "colour"]


def test_an_editor_has_a_model_evaluated(
    bob_calls: Caller, dora_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    assert dora_calls.post(f"{at}/1/evaluation").status_code == 403
    for _ in range(2):
        asked = bob_calls.post(f"{at}/1/evaluation")
        assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    assert ModelEvaluation.objects.count() == 1


def test_models_are_compared_on_the_same_rows(
    dora_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    evaluated(saved_model, classification(), LINES)
    other = SavedModel.objects.get(pk=saved_model.pk)
    other.pk, other._state.adding, other.number = None, True, 2
    other.save()
    evaluated(other, classification(), LINES)
    found = dora_calls.get(f"{at}/1/comparison?with=2").json()
    assert found["models"] == [1, 2]
    assert found["scores"][0]["name"] == "Accuracy"
    assert [each["value"] for each in found["scores"][0]["values"]] == [0.6, 0.6]
    [verdict] = found["verdicts"]
    assert (verdict["model"], verdict["is_noise"]) == (2, True)
    refused = dora_calls.get(f"{at}/1/comparison?with=2&with=7")
    assert errors(refused)["with"] == "The project has no other model 7 that has been evaluated."


def test_top_trials_are_confirmed(bob_calls: Caller, search: Search) -> None:
    path = f"projects/{search.project_id}/searches/{search.number}/confirmations"
    assert bob_calls.get(path).json() == []
    found = errors(bob_calls.post(path, {"top": 9, "runs": 1}))
    assert found["top"] == "Only 3 trials have completed with different values."
    assert "runs" in found
    made = bob_calls.post(path, {"top": 2, "runs": 3})
    assert made.status_code == 201, made.content
    assert made.json()["trials"]["total"] == 2
    new = Search.objects.get(number=made.json()["number"])
    for trial, scores in zip(
        new.trials.order_by("number"), ([0.90, 0.91, 0.92], [0.50, 0.51, 0.52]), strict=True
    ):
        mean = sum(scores) / 3
        values = {"status": Status.COMPLETED, "score": mean, "execution_scores": scores}
        Trial.objects.filter(pk=trial.pk).update(**values)
    Search.objects.filter(pk=new.pk).update(status=SearchStatus.COMPLETED)
    [result] = bob_calls.get(path).json()
    assert (result["search"], result["left"], result["suggested"]) == (new.number, 0, 3)
    assert [row["mean"] for row in result["rows"]] == pytest.approx([0.91, 0.51])
    assert result["rows"][1]["verdict"] == "worse than the best"
    Search.objects.filter(pk=search.pk).update(origin=Search.Origin.KERASTUNER)
    assert bob_calls.post(path).json()["detail"] == "Imported searches have no code to run."


def test_a_dry_run_is_started_and_read(
    bob_calls: Caller, alice_calls: Caller, project: Project
) -> None:
    path = f"projects/{project.pk}/dry-runs"
    body = {"max_trials": 40, "epochs": 5, "parallel_trials": 2, "space": {"units": [8, 16]}}
    made = bob_calls.post(path, body)
    assert made.status_code == 202, made.content
    row = DryRun.objects.get()
    assert row.planned == {"trials": 40, "epochs": 200, "lanes": 2}
    tried = [asdict(ModelTried(1000 * n, 12_000 * n, 0.5 * n, 1.0)) for n in range(1, 11)]
    DryRun.objects.update(status=Status.COMPLETED, tried=tried)
    found = bob_calls.get(f"dry-runs/{row.pk}").json()
    assert len(found["models"]) == 10
    assert found["expected"].startswith("about ")
    assert {each["name"] for each in found["limits"]} == {"parameters", "epoch_seconds"}
    assert alice_calls.get(f"dry-runs/{row.pk}").status_code == 404, "each person's own"
    assert "max_trials" in errors(bob_calls.post(path, {"max_trials": 0}))
    assert "space.units.low" in errors(bob_calls.post(path, {"space": {"units": {"low": "a"}}}))


def test_a_template_is_tried_on_a_dataset_that_it_was_validated_with(
    bob_calls: Caller, project: Project
) -> None:
    type(project.hypermodel).objects.update(team=project.team)
    path = f"templates/{project.hypermodel_id}/dry-runs"
    made = bob_calls.post(path, {"dataset": project.dataset_id})
    assert made.status_code == 202, made.content
    assert (made.json()["project"], made.json()["dataset"]) == (None, project.dataset_id)
    project.inspection.delete()
    refused = bob_calls.post(path, {"dataset": project.dataset_id})
    assert refused.json()["detail"] == "Validate the template with a dataset first."
    assert "dataset" in errors(bob_calls.post(path, {}))
