"""Models of several labels or numbers: their pages, rows, plots, cards, comparisons, answers."""

from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from tuning.analysis.evaluation.pairs import verdict_on
from tuning.analysis.evaluation.plots import evaluation_plots
from tuning.analysis.predictions.answers import answer_of
from tuning.analysis.profiles import bars_info, most_folds, shape_text, split_sizes
from tuning.analysis.snippets import predict_snippet
from tuning.forms.searches import default_objective
from tuning.models import Dataset, Prediction, Project, SavedModel
from tuning.protocol.evaluation import (
    Calibration,
    ClassReport,
    Curve,
    ErrorBin,
    Evaluation,
    OutputReport,
    Score,
)

from .evaluations import evaluated, stored_images

# Row, then actual, predicted and confidence of each of two labels.
LABEL_LINES = [
    [7, 1, 1, 0.9, 0, 0, 0.1], [3, 1, 0, 0.3, 1, 0, 0.4], [5, 0, 1, 0.8, 0, 0, 0.2],
    [8, 0, 0, 0.1, 0, 0, 0.1],
]  # fmt: skip
NUMBER_LINES = [[7, 1, 1.5, np.nan, 10, 30, np.nan], [3, 2, 2, np.nan, 40, 41, np.nan]]


def labels() -> Evaluation:
    report = OutputReport(
        "findings", "multi-label", [Score("exact_match", 0.5, 0.25, 0.75), Score("f1_macro", 0.4)],
        True,
        [ClassReport("<i>mass", 2, 2, 0.5, 0.5, 0.5, 0.75, 0.8),
         ClassReport("nodule", 1, 0, None, 0.0, 0.0, 0.9, 0.5)],
        curves=[Curve("roc", 0, 0.75, [0, 1], [0, 1]), Curve("roc", 1, 0.9, [0, 1], [0, 1])],
        calibration=Calibration([0.2], [0.3], [8]),
    )  # fmt: skip
    notes = ["A label counts as predicted if its probability is above 0.5."]
    return Evaluation(4, notes=notes, outputs=[report])


def numbers() -> Evaluation:
    outputs = [
        OutputReport(name, "regression", [Score("r2", r2, 0.1, 0.9)], error_bins=[bins])
        for name, r2, bins in (
            ("x (mm)", 0.8, ErrorBin(1, 2, 2, 0.25, 0.25)),
            ("torque", 0.6, ErrorBin(10, 40, 2, 10.5, 10.5)),
        )
    ]
    return Evaluation(2, outputs=outputs, overall=[Score("r2", 0.7, 0.2, 0.8)])


@pytest.fixture
def labelled(saved_model: SavedModel) -> Dataset:
    return _as(saved_model, "multi-label", ["<i>mass", "nodule"], label_counts=[2, 1])


@pytest.fixture
def measured(saved_model: SavedModel) -> Dataset:
    return _as(saved_model, "regression", ["x (mm)", "torque"])


def _as(saved_model: SavedModel, task: str, names: list[str], **profile: Any) -> Dataset:
    dataset = saved_model.project.dataset
    dataset.task = task
    dataset.profile = {
        "kind": "image", "task": task, "rows": 20, "input_shape": [4, 6, 3], "num_classes": None,
        "target_name": ", ".join(names), "target_names": names, **profile,
    }  # fmt: skip
    dataset.save()
    return dataset


def page(client: Client, saved_model: SavedModel) -> str:
    return client.get(reverse("saved-model-detail", args=[saved_model])).content.decode()


def rows(client: Client, saved_model: SavedModel, query: str = "") -> str:
    url = reverse("saved-model-rows", args=[saved_model])
    return client.get(url + query).content.decode()


def test_a_page_lists_each_label(
    as_dora: Client, saved_model: SavedModel, labelled: Dataset
) -> None:
    evaluated(saved_model, labels(), LABEL_LINES)
    html = page(as_dora, saved_model)
    assert "All labels right" in html
    assert "<caption>Labels</caption>" in html
    assert "&lt;i&gt;mass" in html
    assert "<i>mass" not in html
    assert "above 0.5" in html
    assert "Confusion matrix" not in html


def test_rows_with_most_wrong_labels_come_first(
    as_dora: Client, saved_model: SavedModel, labelled: Dataset
) -> None:
    evaluated(saved_model, labels(), LABEL_LINES)
    html = rows(as_dora, saved_model)
    assert "Rows with wrong labels" in html
    assert html.index("actual: &lt;i&gt;mass, nodule") < html.index("actual: none")
    assert "<b>none</b> 2" in html
    html = rows(as_dora, saved_model, "?target=0")
    # The surest mistake first: 0.8 without the label, then 0.3 with it.
    assert "Mistakes of &lt;i&gt;mass" in html
    assert html.index("actual: no") < html.index("actual: yes")
    assert as_dora.get(
        reverse("saved-model-rows", args=[saved_model]) + "?target=2"
    ).status_code == 404  # fmt: skip


def test_pictures_of_mistakes_have_their_labels(
    as_dora: Client, saved_model: SavedModel, labelled: Dataset, tmp_path: Any
) -> None:
    stored_images(saved_model, tmp_path.name)
    evaluated(saved_model, labels(), LABEL_LINES)
    assert "actual: &lt;i&gt;mass, nodule" in rows(as_dora, saved_model)


def test_a_page_has_a_table_of_targets_and_details_of_each(
    as_dora: Client, saved_model: SavedModel, measured: Dataset
) -> None:
    evaluated(saved_model, numbers(), NUMBER_LINES)
    html = page(as_dora, saved_model)
    assert "Mean over the targets" in html
    assert html.count('<details class="evaluation-output"') == 2
    html = rows(as_dora, saved_model, "?target=1")
    assert "Largest errors of torque" in html
    # 30 instead of 10, then 41 instead of 40.
    assert html.index("30.000") < html.index("41.000")


def test_plots_of_each_target_have_its_rows(saved_model: SavedModel, measured: Dataset) -> None:
    evaluated(saved_model, numbers(), NUMBER_LINES)
    first, second = evaluation_plots(saved_model)["outputs"]
    assert (first["actual"], second["actual"]) == ([1, 2], [10, 40])
    assert second["predicted"] == [30, 41]


def test_plots_of_labels_have_a_curve_each(saved_model: SavedModel, labelled: Dataset) -> None:
    evaluated(saved_model, labels(), LABEL_LINES)
    [figures] = evaluation_plots(saved_model)["outputs"]
    assert [curve["name"] for curve in figures["roc"]] == ["<i>mass", "nodule"]
    assert figures["calibration_of"] == "all labels"


def test_models_are_compared_by_rows_with_all_labels_right() -> None:
    first, second = np.array(LABEL_LINES), np.array(LABEL_LINES)
    second[1, [2, 5]] = 1
    verdict = verdict_on(first, second, "multi-label")
    assert "Only the first model is right on no rows, only the second on 1 row" in verdict.text
    assert verdict_on(first, second[:, :4], "multi-label").is_noise is None


def test_errors_of_targets_are_compared_in_their_own_spread() -> None:
    first, second = np.array(NUMBER_LINES), np.array(NUMBER_LINES)
    second[:, 5] = first[:, 4]
    verdict = verdict_on(first, second, "regression")
    # Spread of the torque: 15. Mean errors in it: 20 / 15 and 1 / 15, of two targets.
    assert f"second minus first is {-(20 / 15 + 1 / 15) / 2 / 2:.3g}"[:30] in verdict.text
    assert "standard deviations of each target" in verdict.text


def test_a_card_names_labels_and_targets(
    as_dora: Client, saved_model: SavedModel, labelled: Dataset
) -> None:
    evaluated(saved_model, labels(), LABEL_LINES)
    url = reverse("saved-model-card", args=[saved_model])
    assert "Labels" in as_dora.get(url).content.decode()


@pytest.mark.parametrize("task", ["multi-label", "regression"])
def test_the_code_to_copy_names_each_target(saved_model: SavedModel, task: str) -> None:
    _as(saved_model, task, ["<i>mass", "nodule"], load_snippet="x = y = None")
    code = predict_snippet(saved_model, "model.keras")
    compile(code, "predict.py", "exec")
    assert 'names = ["<i>mass", "nodule"]' in code
    assert ("labels:" in code) == (task == "multi-label")


def test_an_answer_says_all_labels_or_numbers(saved_model: SavedModel, labelled: Dataset) -> None:
    outputs = [
        {"name": name, "task": "multi-label", "values": [value], "scores": [[score]],
         "probabilities": True}
        for name, value, score in (("<i>mass", 1.0, 0.9), ("nodule", 0.0, 0.2))
    ]  # fmt: skip
    found = {"rows": 1, "outputs": outputs, "notes": [], "picture": "", "load": ""}
    answer = answer_of(Prediction(saved_model=saved_model, answer=found))
    assert answer is not None
    assert answer.value == "<i>mass"
    assert [(bar.name, bar.text) for bar in answer.bars] == [
        ("<i>mass", "90.0%"), ("nodule", "20.0%"),
    ]  # fmt: skip
    for output in outputs:
        output |= {"task": "regression", "scores": []}
    answer = answer_of(Prediction(saved_model=saved_model, answer=found))
    assert answer is not None
    assert answer.value == "<i>mass: 1, nodule: 0"


def test_a_dataset_says_its_labels_and_targets(saved_model: SavedModel, labelled: Dataset) -> None:
    assert shape_text(labelled) == "20 images of 4 × 6 × 3, 2 labels"
    [bars] = bars_info(labelled)
    assert [bar.label for bar in bars.bars] == ["<i>mass: 2", "nodule: 1"]


def test_pages_know_the_sizes_of_a_split_by_labels(project: Project) -> None:
    project.dataset.task = "multi-label"
    project.dataset.profile = {"rows": 101, "label_counts": [40, 3], "target_names": ["a", "b"]}
    assert split_sizes(project) == {"train": 71, "validation": 15, "test": 15}
    assert most_folds(project) == round(3 * 0.85)


def test_objectives_and_scorers_fit_several_targets(project: Project) -> None:
    metrics = ["val_loss", "val_auc", "val_binary_accuracy", "val_accuracy"]
    project.dataset.task = "multi-label"
    project.dataset.profile |= {"task": "multi-label", "target_names": ["a", "b"]}
    assert default_objective(project, metrics) == "val_auc"
    project.dataset.task = "regression"
    project.dataset.profile |= {"task": "regression"}
    assert default_objective(project, ["val_loss", "val_mean_absolute_error"]) == "val_loss"
