"""Projects whose target is the input: creating one, its evaluation and its answers."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.hypermodels import create_hypermodel
from tuning.analysis.evaluation.pairs import verdict_on
from tuning.analysis.evaluation.plots import evaluation_plots
from tuning.models import Dataset, HyperModel, Inspection, Prediction, Project, SavedModel
from tuning.protocol.evaluation import (
    ColumnError,
    ErrorQuantile,
    Evaluation,
    OutputReport,
    Reproduced,
    Score,
)
from tuning.protocol.statuses import Status

from .evaluations import evaluated, stored_images

URL = "/projects/new/"
PNG = "iVBORw0KGgo="
# Row, error of the mean, error, nothing.
LINES = [[7, 0.2, 0.01, float("nan")], [3, 0.2, 0.5, float("nan")], [5, 0.1, 0.1, float("nan")]]


def data(dataset: Dataset, hypermodel: HyperModel, **values: Any) -> dict[str, Any]:
    return {
        "name": "New", "dataset": dataset.pk, "hypermodel": hypermodel.pk, "train_fraction": 0.7,
        "validation_fraction": 0.15, "test_fraction": 0.15, "split_seed": 0, "split_by": "random",
        **values,
    }  # fmt: skip


@pytest.fixture
def autoencoder(hypermodel: HyperModel) -> HyperModel:
    hypermodel.task = "reconstruction"
    hypermodel.save()
    return hypermodel


@pytest.fixture
def reconstruction(saved_model: SavedModel) -> SavedModel:
    """A model of a project of this task."""
    Project.objects.update(task="reconstruction")
    Inspection.objects.update(task="reconstruction")
    return SavedModel.objects.get(pk=saved_model.pk)


def report(**values: Any) -> Evaluation:
    scores = [Score("mean_squared_error", 0.2, 0.1, 0.3), Score("baseline_mean_squared_error", 0.4)]
    output = OutputReport("reconstruction", "reconstruction", scores,
                          error_quantiles=[ErrorQuantile(0.5, 0.1)], **values)  # fmt: skip
    return Evaluation(3, outputs=[output])


def test_an_autoencoder_makes_a_project_that_reconstructs(
    as_alice: Client, dataset: Dataset, autoencoder: HyperModel
) -> None:
    address = f"{URL}?step=split&dataset={dataset.pk}&hypermodel={autoencoder.pk}"
    page = as_alice.get(address).content.decode()
    assert '<option value="reconstruction" selected>Reconstruct the input' in page
    as_alice.post(URL, data(dataset, autoencoder, task="reconstruction"))
    project = Project.objects.get(name="New")
    assert project.task == "reconstruction"
    assert not project.split.stratified
    assert not project.data.has_classes
    assert project.dataset.has_classes
    assert project.inspection.order().task == "reconstruction"
    page = as_alice.get(reverse("project-data", args=[project.pk])).content.decode()
    assert "Reconstruction; the dataset’s target is not used" in page


def test_without_a_choice_the_template_says_it(
    as_alice: Client, dataset: Dataset, autoencoder: HyperModel
) -> None:
    """As the API and tune do it. The classes are not balanced: there are none."""
    as_alice.post(URL, data(dataset, autoencoder, class_weights="on"))
    project = Project.objects.get(name="New")
    assert (project.task, project.class_weights) == ("reconstruction", False)


def test_a_pair_is_inspected_for_each_task(
    as_alice: Client, project: Project, dataset: Dataset, hypermodel: HyperModel
) -> None:
    as_alice.post(URL, data(dataset, hypermodel, task="reconstruction"))
    made = Project.objects.get(name="New")
    assert made.inspection != project.inspection
    assert made.inspection.status == Status.QUEUED
    assert list(Inspection.objects.awaited().filter(pk=made.inspection.pk)) == [made.inspection]


def test_what_cannot_be_reconstructed_is_said_beside_the_field(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    dataset.kind, hypermodel.kinds = "text", ["text"]
    dataset.save()
    hypermodel.save()
    page = as_alice.post(URL, data(dataset, hypermodel, task="reconstruction")).content.decode()
    assert "Models cannot reconstruct texts." in page
    assert not Project.objects.filter(name="New").exists()


def test_code_that_searches_with_its_inputs_is_an_autoencoder(alice: User, db: None) -> None:
    code = "def build_model(hp):\n    ...\n\ntuner.search(X_train, X_train)\n"
    made = create_hypermodel(alice, HyperModel(name="Mine", code=code, kinds=["table"]))
    assert HyperModel.objects.get(pk=made.pk).task == "reconstruction"


def test_images_and_their_reconstructions_are_side_by_side(
    as_alice: Client, reconstruction: SavedModel
) -> None:
    stored_images(reconstruction, "test-reconstruction")
    evaluated(reconstruction, report(examples=[Reproduced(3, picture=PNG)]), LINES)
    page = as_alice.get(reverse("saved-model-detail", args=[reconstruction])).content.decode()
    assert "Baseline: mean squared error" in page
    picture = reverse("saved-model-picture", args=[reconstruction, 3])
    pair = page[page.index(picture) :]
    assert pair.index(f'src="data:image/png;base64,{PNG}"') < pair.index("Error <b>0.5000</b>")
    # The worst first.
    assert pair.index("Row 4") < pair.index("Row 6") < pair.index("Row 8")
    rows = reverse("saved-model-rows", args=[reconstruction])
    page = as_alice.get(f"{rows}?order=smallest").content.decode()
    assert page.index("Row 8") < page.index("Row 6") < page.index("Row 4")
    assert as_alice.get(f"{rows}?order=other").status_code == 404


def test_columns_and_cells_of_a_table(as_alice: Client, reconstruction: SavedModel) -> None:
    Dataset.objects.update(kind="table")
    columns = [ColumnError("<b>size", 0.3, 0.4), ColumnError("always", 0.0, 0.0)]
    examples = [Reproduced(3, ["<i>4.5", "x"])]
    evaluated(reconstruction, report(columns=columns, examples=examples), LINES)
    page = as_alice.get(reverse("saved-model-detail", args=[reconstruction])).content.decode()
    assert "Error by column" in page
    row = page[page.index("&lt;b&gt;size") :].split("</tr>")[0]
    assert [row.index(f">{number}<") for number in ("0.300", "0.400", "0.250")]
    assert '<td class="num muted">&lt;i&gt;4.5</td>' in page
    card = as_alice.get(reverse("saved-model-card", args=[reconstruction])).content.decode()
    assert "Error by column" in card


def test_the_plots_have_the_errors_and_the_baseline(reconstruction: SavedModel) -> None:
    evaluated(reconstruction, report(columns=[ColumnError("size", 0.3, 0.4)]), LINES)
    [found] = evaluation_plots(reconstruction)["outputs"]
    assert sum(found["errors"]["counts"]) == len(LINES)
    assert found["mean"] == pytest.approx((0.01 + 0.5 + 0.1) / 3)
    assert found["baseline"] == pytest.approx(0.5 / 3)
    assert found["column_errors"] == [0.3]


def test_two_autoencoders_are_compared_by_their_errors() -> None:
    import numpy as np

    first = np.array(LINES)
    second = first.copy()
    second[:, 2] += 0.125
    verdict = verdict_on(first, second, "reconstruction")
    assert "Mean squared error: second minus first is 0.125" in verdict.text
    assert verdict.is_noise is False


def test_an_answer_shows_the_reconstruction_and_its_error(
    as_alice: Client, alice: User, reconstruction: SavedModel
) -> None:
    output = {"name": "reconstruction error", "task": "reconstruction", "values": [0.0123],
              "scores": [], "probabilities": False}  # fmt: skip
    cells = {"names": ["<b>size"], "given": ["4"], "cells": ["4.25"], "picture": PNG}
    prediction = Prediction.objects.create(
        saved_model=reconstruction, created_by=alice, key="prediction-of-alice",
        status=Status.COMPLETED, source="form",
        answer={"rows": 1, "outputs": [output], "notes": [], "picture": "", "load": "",
                "reproduced": cells},
    )  # fmt: skip
    page = as_alice.get(reverse("prediction-live", args=[prediction.pk])).content.decode()
    assert "Reconstruction error</p>" in page
    assert "0.0123" in page
    assert "&lt;b&gt;size</th>" in page
    assert '<td class="num">4.25</td>' in page
    assert f'src="data:image/png;base64,{PNG}" alt="Reconstruction"' in page


def test_predict_py_prints_both_outputs(as_alice: Client, reconstruction: SavedModel) -> None:
    page = as_alice.get(reverse("saved-model-detail", args=[reconstruction])).content.decode()
    assert "predictions[&quot;error&quot;]" in page
    assert "predictions[&quot;reconstruction&quot;]" in page
    assert "argmax" not in page
