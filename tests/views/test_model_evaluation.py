"""How good a saved model is: its page, its plots, the rows behind a cell."""

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tuning.analysis.evaluation.contents import picture_of
from tuning.analysis.evaluation.summary import reuse_warning
from tuning.models import ModelEvaluation, Project, SavedModel
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.evaluation import Evaluation

from .evaluations import LINES, classification, evaluated, regression, stored_images


def page(client: Client, saved_model: SavedModel) -> str:
    return client.get(reverse("saved-model-detail", args=[saved_model])).content.decode()


def rows(client: Client, saved_model: SavedModel, query: str = "") -> str:
    response = client.get(reverse("saved-model-rows", args=[saved_model]) + query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def images(saved_model: SavedModel, tmp_path: Path) -> np.ndarray:
    """Stored rows of the project's dataset."""
    return stored_images(saved_model, tmp_path.name)


def test_scores_have_intervals_and_the_gap_to_validation(
    as_dora: Client, saved_model: SavedModel
) -> None:
    evaluated(saved_model, classification(), LINES)
    trial = saved_model.trial
    trial.score = 0.98
    trial.save()
    html = page(as_dora, saved_model)
    assert "95% interval: 0.9100 to 0.9700" in html
    assert "is 0.0356 lower (worse) than the validation score, 0.9800." in html
    assert "outside the test score" in html
    assert "on 5 test images" in html
    assert "&lt;b&gt;cat&lt;/b&gt;" in html
    assert "<b>cat</b>" not in html
    for number in ("0.333", "0.667", "0.75"):
        assert number in html


def test_the_third_model_on_the_same_test_rows_is_a_warning(
    as_dora: Client, saved_model: SavedModel
) -> None:
    # As workers write it.
    SavedModel.objects.filter(pk=saved_model.pk).update(finished_at=Now())
    saved_model.refresh_from_db()
    assert reuse_warning(saved_model) == ""
    for minutes in (5, 10):
        earlier = SavedModel.objects.get(pk=saved_model.pk)
        earlier.pk, earlier._state.adding, earlier.number = None, True, minutes
        earlier.finished_at = timezone.now() - timedelta(minutes=minutes)
        earlier.save()
    assert "3rd model of this project measured on the same test rows." in page(as_dora, saved_model)
    SavedModel.objects.exclude(pk=saved_model.pk).update(test_metrics={})
    assert reuse_warning(saved_model) == "", "they were not measured"


def test_a_cell_lists_its_rows_the_most_confident_first(
    as_dora: Client, saved_model: SavedModel, images: np.ndarray
) -> None:
    evaluated(saved_model, classification(), LINES)
    html = rows(as_dora, saved_model, "?actual=0&predicted=1")
    assert "&lt;b&gt;cat&lt;/b&gt; predicted as dog" in html
    assert html.index("Row 9") < html.index("Row 4")
    assert "Row 6" not in html
    assert "Row 9" in rows(as_dora, saved_model), "mistakes"
    assert "No rows." in rows(as_dora, saved_model, "?actual=1&predicted=0")
    for query in ("?actual=x&predicted=1", "?actual=0", "?actual=-1&predicted=0"):
        url = reverse("saved-model-rows", args=[saved_model]) + query
        assert as_dora.get(url).status_code == 404


def test_many_rows_have_pages(as_dora: Client, saved_model: SavedModel) -> None:
    evaluated(saved_model, classification(), [[n, 0, 1, n / 100] for n in range(60)])
    assert "Page 1 of 3" in rows(as_dora, saved_model)
    last = rows(as_dora, saved_model, "?actual=0&predicted=1&page=99")
    assert "Page 3 of 3" in last
    assert "Next" not in last


def test_a_test_row_is_a_picture_and_no_other_row(
    as_dora: Client, as_charlie: Client, saved_model: SavedModel, images: np.ndarray
) -> None:
    evaluated(saved_model, classification(), LINES)
    url = reverse("saved-model-picture", args=[saved_model, 7])
    png = as_dora.get(url).content
    assert (np.asarray(Image.open(io.BytesIO(png), formats=["PNG"])) == images[7]).all()
    folder = Path(settings.DATASETS_ROOT) / saved_model.project.dataset.folder
    np.save(folder / "x.npy", images[..., :1])
    grey = Image.open(io.BytesIO(as_dora.get(url).content), formats=["PNG"])
    assert (np.asarray(grey) == images[7, ..., 0]).all()
    assert as_charlie.get(url).status_code == 404
    other = reverse("saved-model-picture", args=[saved_model, 0])
    assert as_dora.get(other).status_code == 404, "a training row"
    assert picture_of(saved_model.project.dataset, 10) is None


def test_rows_of_a_table_have_their_values(
    as_dora: Client, saved_model: SavedModel, images: np.ndarray
) -> None:
    dataset = saved_model.project.dataset
    folder = Path(settings.DATASETS_ROOT) / dataset.folder
    x = np.zeros((10, 2), np.float32)
    x[8] = [np.nan, 1]
    x[3] = [2.5, 0]
    np.save(folder / "x.npy", x)
    columns = '[{"name": "size"}, {"name": "colour", "values": ["red", "<i>blue"]}]'
    (folder / "meta.json").write_text(f'{{"columns": {columns}}}')
    dataset.kind = DataKind.TABLE
    dataset.profile |= {"columns": [{"name": "size"}, {"name": "colour"}]}
    dataset.save()
    evaluated(saved_model, classification(), LINES)
    html = rows(as_dora, saved_model)
    assert "2.5" in html
    assert "red" in html
    assert "&lt;i&gt;blue" in html
    (folder / "x.npy").unlink()
    assert "Row" in rows(as_dora, saved_model), "without the values"


def test_plots_have_what_was_computed(as_dora: Client, saved_model: SavedModel) -> None:
    evaluated(saved_model, classification(), LINES)
    url = reverse("saved-model-evaluation", args=[saved_model])
    info = as_dora.get(url).json()
    (output,) = info["outputs"]
    assert output["roc"] == [{"name": "dog", "area": 0.75, "x": [0, 0.5, 1], "y": [0, 1, 1]}]
    assert (output["calibration_of"], output["share"]) == ("dog", 0.4)
    assert info["importances"]["columns"] == ["colour", "size"]


def test_numbers_have_their_errors(as_dora: Client, saved_model: SavedModel) -> None:
    lines = [[n, n, n + (n == 3) * 5 - 0.5, np.nan] for n in range(5)]
    evaluated(saved_model, regression(), lines)
    html = page(as_dora, saved_model)
    assert "Largest errors" in html
    assert "0 to 1" in html
    assert "The template fits" in html
    listed = rows(as_dora, saved_model)
    assert listed.index("Row 4<") < listed.index("Row 1<"), "the worst row first"
    (output,) = as_dora.get(
        reverse("saved-model-evaluation", args=[saved_model])
    ).json()["outputs"]  # fmt: skip
    assert output["actual"] == [0, 1, 2, 3, 4]
    assert sum(output["residuals"]["counts"]) == 5


def test_a_model_without_evaluation_says_why(as_dora: Client, saved_model: SavedModel) -> None:
    assert "before evaluations were added." in page(as_dora, saved_model), "of an older version"
    evaluation = evaluated(saved_model, Evaluation(problem="It predicts <NaN>."), LINES)
    evaluation.file = ""
    evaluation.save()
    html = page(as_dora, saved_model)
    assert "It predicts &lt;NaN&gt;." in html
    assert "evaluation.js" not in html
    for name in ("saved-model-rows", "saved-model-evaluation"):
        response = as_dora.get(reverse(name, args=[saved_model]))
        assert response.status_code == (404 if name.endswith("rows") else 200)


def test_lost_predictions_leave_the_figures(as_dora: Client, saved_model: SavedModel) -> None:
    evaluation = evaluated(saved_model, classification(), LINES)
    (Path(settings.SAVED_MODELS_ROOT) / evaluation.file).unlink()
    html = page(as_dora, saved_model)
    assert "0.667" in html
    assert "hx-get" not in html.split('id="confusion"')[1].split("</table>")[0]


def test_models_are_compared_on_the_same_rows(
    as_dora: Client, as_charlie: Client, saved_model: SavedModel
) -> None:
    evaluated(saved_model, classification(), LINES)
    other = SavedModel.objects.get(pk=saved_model.pk)
    other.pk, other._state.adding, other.number, other.name = None, True, 2, "The <other>"
    other.save()
    url = reverse("saved-model-compare", args=[saved_model])
    assert "no other evaluated models" in as_dora.get(url).content.decode()
    evaluated(other, classification(), LINES)
    html = as_dora.get(url, {"with": [other.number, 999]}).content.decode()
    assert "The &lt;other&gt;" in html
    assert "p = 1.0" in html
    assert "The difference may be chance." in html
    assert as_charlie.get(url).status_code == 404


def test_a_model_without_evaluation_can_be_evaluated(
    as_bob: Client, as_dora: Client, saved_model: SavedModel
) -> None:
    detail = reverse("saved-model-detail", args=[saved_model])
    assert "Evaluate on the test rows" in as_bob.get(detail).content.decode()
    assert "Evaluate on the test rows" not in as_dora.get(detail).content.decode()
    as_bob.post(reverse("saved-model-evaluate", args=[saved_model]))
    page = as_dora.get(detail).content.decode()
    assert "Waiting for a free slot" in page
    live = reverse("saved-model-evaluation-live", args=[saved_model])
    ModelEvaluation.objects.update(status="running", progress_text="Loading the model")
    assert "Loading the model" in as_dora.get(live).content.decode()
    ModelEvaluation.objects.update(status="failed", failure_message="The model's file is missing.")
    assert as_dora.get(live)["HX-Refresh"] == "true"
    page = as_bob.get(detail).content.decode()
    assert "The evaluation failed. The model&#x27;s file is missing." in page
    assert "Evaluate on the test rows" in page
    # Without test rows there is nothing to evaluate on.
    Project.objects.update(test_fraction=0.0, train_fraction=0.85)
    assert "Evaluate on the test rows" not in as_bob.get(detail).content.decode()
