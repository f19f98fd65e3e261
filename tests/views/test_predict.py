"""Asking a saved model: a row, a file, and the answer. Viewers may; each person sees their own."""

import base64
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from tuning.models import Dataset, ModelEvaluation, Prediction, SavedModel
from tuning.protocol.evaluation import CHANGES_ROWS
from tuning.protocol.statuses import Status

HTMX = {"HX-Request": "true"}
COLUMNS = [
    {"name": "size", "type": "number", "missing": 0},
    {"name": "<b>town", "type": "category", "missing": 1, "values": ["Köln", "Bonn"]},
]


@pytest.fixture
def table(saved_model: SavedModel) -> Dataset:
    """The saved model's dataset is a table of two columns: sizes 10, 20, 90; mostly Bonn."""
    import json

    folder = Path(settings.DATASETS_ROOT) / f"test-table-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    np.save(folder / "x.npy", np.array([[10, 1], [20, 1], [90, np.nan]], np.float32))
    (folder / "meta.json").write_text(json.dumps({"columns": COLUMNS}))
    dataset = saved_model.project.dataset
    dataset.kind, dataset.folder = "table", folder.name
    dataset.profile = {
        "columns": COLUMNS, "column_count": 2, "class_names": ["a", "b", "c"], "num_classes": 3,
        "target_name": "kind", "rows": 3, "input_shape": [2],
    }  # fmt: skip
    dataset.save()
    return dataset


def answer(**values: Any) -> dict[str, Any]:
    output = {"name": "kind", "task": "classification", "values": [1.0],
              "scores": [[0.25, 0.75, 0.00001]], "probabilities": True}  # fmt: skip
    return {"rows": 1, "outputs": [output], "notes": [], "picture": "", "load": "", **values}


def answered(saved_model: SavedModel, user: Any, **values: Any) -> Prediction:
    fields = {"source": "form", "rows": [{"size": 5.5, "<b>town": None}], "answer": answer()}
    return Prediction.objects.create(
        saved_model=saved_model, created_by=user, key=f"prediction-{os.getpid()}",
        status=Status.COMPLETED, **{**fields, **values},
    )  # fmt: skip


def test_the_form_proposes_medians_and_the_most_frequent_category(
    as_dora: Client, saved_model: SavedModel, table: Dataset
) -> None:
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert 'value="20"' in page
    assert '<option value="Bonn" selected>Bonn</option>' in page
    assert '<option value="">(missing)</option>' in page
    assert "<b>town" not in page


def test_viewers_ask_about_a_row(
    as_dora: Client, dora: Any, saved_model: SavedModel, table: Dataset
) -> None:
    url = reverse("saved-model-predict", args=[saved_model])
    page = as_dora.post(url, {"column-0": "12.5", "column-1": ""}, headers=HTMX).content.decode()
    prediction = Prediction.objects.get()
    assert prediction.rows == [{"size": 12.5, "<b>town": None}]
    assert (prediction.created_by, prediction.status) == (dora, Status.QUEUED)
    assert 'value="12.5"' in page
    assert "Waiting for a free slot" in page
    # Asked again before a worker came: the newest question alone waits.
    as_dora.post(url, {"column-0": "13", "column-1": "Köln"}, headers=HTMX)
    assert list(Prediction.objects.values_list("status", flat=True)) == ["stopped", "queued"]
    # Without scripts.
    plain = as_dora.post(url, {"column-0": "13", "column-1": "Köln"}, follow=True)
    assert 'value="13.0"' in plain.content.decode()


def test_what_cannot_be_read_is_said_beside_its_field_and_nothing_is_lost(
    as_bob: Client, saved_model: SavedModel, table: Dataset
) -> None:
    url = reverse("saved-model-predict", args=[saved_model])
    for headers in (HTMX, {}):
        for text, said in (
            ("12,5 m", "Enter a number, such as 12.5."), ("nan", "Enter a number"),
            ("1e39", "The number is too large."),
        ):  # fmt: skip
            response = as_bob.post(url, {"column-0": text, "column-1": "Köln"}, headers=headers)
            page = response.content.decode()
            assert (response.status_code, said in page) == (422, True)
            assert f'value="{text}"' in page
            assert '<option value="Köln" selected>' in page
    response = as_bob.post(url, {"column-0": "1", "column-1": "Atlantis"})
    assert "Select one of the values." in response.content.decode()
    assert not Prediction.objects.exists()


def test_a_table_without_missing_values_demands_all(
    as_bob: Client, saved_model: SavedModel, table: Dataset
) -> None:
    table.profile |= {"feature_names": ["a", "b"]}
    table.profile.pop("columns")
    table.save()
    url = reverse("saved-model-predict", args=[saved_model])
    page = as_bob.post(url, {"column-0": "1", "column-1": ""}).content.decode()
    assert "This model does not take missing values." in page


def test_files_wait_in_the_uploads_folder(
    as_dora: Client, saved_model: SavedModel, table: Dataset
) -> None:
    url = reverse("saved-model-predict-file", args=[saved_model])
    file = SimpleUploadedFile("rows.csv", b"size,<b>town\n1,Bonn\n")
    page = as_dora.post(url, {"rows": file}, headers=HTMX).content.decode()
    prediction = Prediction.objects.get()
    assert prediction.original.read_bytes().startswith(b"size,")
    assert (prediction.source, prediction.name) == ("table", "rows.csv")
    assert 'id="answer"' in page
    prediction.original.unlink()
    for headers in (HTMX, {}):
        wrong = SimpleUploadedFile("rows.exe", b"MZ")
        response = as_dora.post(url, {"rows": wrong}, headers=headers)
        assert response.status_code == 422
        assert "“rows.exe” has an unsupported type. Use .csv" in response.content.decode()
    page = as_dora.post(url, headers=HTMX).content.decode()
    assert "Select a file, or paste rows." in page


def test_rows_are_pasted(as_dora: Client, saved_model: SavedModel, table: Dataset) -> None:
    url = reverse("saved-model-predict-file", args=[saved_model])
    pasted = "size\ttown\r\n1\tKöln\r\n"
    assert 'id="answer"' in as_dora.post(url, {"pasted": pasted}, headers=HTMX).content.decode()
    prediction = Prediction.objects.get()
    assert prediction.original.read_text() == "size\ttown\n1\tKöln\n"
    assert (prediction.source, prediction.name) == ("table", "pasted.csv")
    prediction.original.unlink()
    both = {"pasted": pasted, "rows": SimpleUploadedFile("rows.csv", b"size,town\n1,x\n")}
    page = as_dora.post(url, both, headers=HTMX).content.decode()
    assert "Select a file or paste rows, not both." in page
    page = as_dora.post(url, {"pasted": " \n "}, headers=HTMX).content.decode()
    assert "Select a file, or paste rows." in page
    long = "size,town\n" + "1,x\n" * 300_000
    response = as_dora.post(url, {"pasted": long})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Paste at most 1 million characters" in page
    assert "1,x\n1,x" in page, "nothing is lost"
    assert "maxlength" not in page.split('<textarea name="pasted"')[1].split(">")[0]


def test_a_million_characters_may_have_three_bytes_each(
    as_dora: Client, saved_model: SavedModel, table: Dataset
) -> None:
    url = reverse("saved-model-predict-file", args=[saved_model])
    pasted = "size,town\n" + "1,東京都\n" * 160_000
    assert as_dora.post(url, {"pasted": pasted}, headers=HTMX).status_code == 200
    prediction = Prediction.objects.get()
    assert prediction.original.read_text() == pasted
    prediction.original.unlink()


def test_the_answer_has_all_classes_and_the_code(
    as_dora: Client, dora: Any, saved_model: SavedModel, table: Dataset
) -> None:
    prediction = answered(saved_model, dora)
    page = as_dora.get(reverse("prediction-live", args=[prediction.pk])).content.decode()
    assert page.index(">b<") < page.index("75.0%") < page.index("25.0%") < page.index("&lt; 0.1%")
    assert "hx-get" not in page
    assert "pd.DataFrame([{" in page
    assert "float(&quot;nan&quot;)" in page


def test_regression_shows_the_value_with_its_name(
    as_dora: Client, dora: Any, saved_model: SavedModel, table: Dataset
) -> None:
    Dataset.objects.update(task="regression")
    output = {"name": "price", "task": "regression", "values": [1234.56789], "scores": [],
              "probabilities": False}  # fmt: skip
    prediction = answered(saved_model, dora, answer=answer(outputs=[output]))
    page = as_dora.get(reverse("prediction-live", args=[prediction.pk])).content.decode()
    assert "Predicted price" in page
    assert "1234.57" in page


def test_several_rows_come_back_as_csv(
    as_dora: Client, dora: Any, saved_model: SavedModel, table: Dataset
) -> None:
    path = Path(settings.PREDICTIONS_ROOT) / f"test-{os.getpid()}.csv"
    path.write_text("size,predicted kind\n1,b\n")
    output = {**answer()["outputs"][0], "values": [1.0, 0.0], "scores": [[0, 1, 0], [1, 0, 0]]}
    prediction = answered(
        saved_model, dora, source="table", name="r.csv", file=path.name,
        answer=answer(rows=2, outputs=[output], notes=["size: “x” is not known."]),
    )  # fmt: skip
    page = as_dora.get(reverse("prediction-live", args=[prediction.pk])).content.decode()
    assert "Download 2 rows (.csv)" in page
    assert "is not known" in page
    response = as_dora.get(reverse("prediction-rows", args=[prediction.pk]))
    assert b"".join(response.streaming_content) == b"size,predicted kind\n1,b\n"
    assert response["Content-Disposition"].endswith('-predictions.csv"')
    path.unlink()
    assert as_dora.get(reverse("prediction-rows", args=[prediction.pk])).status_code == 404


def test_pictures_are_shown_beside_the_answer(
    as_dora: Client, dora: Any, saved_model: SavedModel
) -> None:
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    picture = base64.b64encode(file.getvalue()).decode()
    scores = [[0.1] * 10]
    output = {**answer()["outputs"][0], "scores": scores}
    prediction = answered(
        saved_model, dora, source="picture", name="a.png",
        answer=answer(picture=picture, outputs=[output]),
    )  # fmt: skip
    page = as_dora.get(reverse("prediction-live", args=[prediction.pk])).content.decode()
    assert f"data:image/png;base64,{picture}" in page
    assert "Image.open(&quot;a.png&quot;)" in page or "Image.open(&#x27;a.png&#x27;)" in page
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert 'accept=".png,' in page


def test_the_page_asks_until_there_is_an_answer(
    as_dora: Client, dora: Any, as_bob: Client, saved_model: SavedModel, table: Dataset
) -> None:
    prediction = answered(saved_model, dora, answer={})
    url = reverse("prediction-live", args=[prediction.pk])
    Prediction.objects.update(status=Status.RUNNING)
    assert as_dora.get(url + "?since=running").status_code == 204
    assert "Predicting…" in as_dora.get(url + "?since=queued").content.decode()
    Prediction.objects.update(
        status=Status.FAILED, failure_code="bad_data", failure_message="The file lacks “size”."
    )
    page = as_dora.get(url + "?since=running").content.decode()
    assert "The file lacks “size”." in page
    assert "Correct the rows and try again." in page
    # Not even another member sees it.
    assert as_bob.get(url).status_code == 404


def test_models_without_a_file_answer_nothing(
    as_dora: Client, saved_model: SavedModel, table: Dataset
) -> None:
    SavedModel.objects.update(file="")
    url = reverse("saved-model-predict", args=[saved_model])
    assert as_dora.post(url, {"column-0": "1"}).status_code == 404
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert "Try it" not in page


def test_columns_without_known_values_are_typed(
    as_bob: Client, saved_model: SavedModel, table: Dataset
) -> None:
    """Texts, and categories of which there are too many for a menu."""
    columns = [{"name": "note", "type": "text", "missing": 0}, COLUMNS[0]]
    table.profile["columns"] = columns
    table.save()
    (Path(settings.DATASETS_ROOT) / table.folder / "meta.json").write_text("{}")
    url = reverse("saved-model-predict", args=[saved_model])
    as_bob.post(url, {"column-0": "<i>long", "column-1": "1"}, headers=HTMX)
    assert Prediction.objects.get().rows == [{"note": "<i>long", "size": 1.0}]


def test_the_workers_page_says_what_is_predicted(
    as_alice: Client, as_charlie: Client, alice: Any, saved_model: SavedModel, worker: Any
) -> None:
    prediction = answered(saved_model, alice, answer={})
    Prediction.objects.filter(pk=prediction.pk).update(status="running", worker=worker, slot=0)
    url = reverse("worker-list")
    assert "Predicting with Model 1 of Digits" in as_alice.get(url).content.decode()
    assert "Model 1" not in as_charlie.get(url).content.decode()


def test_models_whose_template_changes_its_rows_are_no_oracle(
    as_dora: Client, saved_model: SavedModel, table: Dataset
) -> None:
    url = reverse("saved-model-predict", args=[saved_model])
    said = "change them in the same way first"
    evaluation = ModelEvaluation.objects.create(saved_model=saved_model, report={})
    assert said not in as_dora.get(url).content.decode()
    evaluation.report = {"problem": CHANGES_ROWS}
    evaluation.save()
    assert said in as_dora.get(url).content.decode()
    SavedModel.objects.update(note="run_trial scales its inputs before the fit.")
    assert "run_trial scales its inputs" in as_dora.get(url).content.decode()


def test_images_of_other_channels_are_given_as_arrays(
    as_dora: Client, saved_model: SavedModel
) -> None:
    dataset = saved_model.project.dataset
    dataset.profile["input_shape"] = [8, 8, 5]
    dataset.save()
    page = as_dora.get(reverse("saved-model-predict", args=[saved_model])).content.decode()
    assert 'accept=".npy' in page
    assert "(rows, 8, 8, 5)" in page
