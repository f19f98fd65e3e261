"""Reading and downloading a saved model."""

import io
import json
import zipfile
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.saved_models import retrain
from tuning.models import Dataset, HyperModel, SavedModel, Team
from tuning.protocol.statuses import Status

from .addresses import addressed

STEM = "test-digits-test-cnn-trial-3"


def test_the_file_comes_with_name_and_length(as_dora: Client, saved_model: SavedModel) -> None:
    response = as_dora.get(reverse("saved-model-download", args=[saved_model]))
    assert b"".join(response.streaming_content) == b"k" * 1000
    assert response["Content-Length"] == "1000"
    assert response["Content-Disposition"] == f'attachment; filename="{STEM}.keras"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"


def test_the_zip_holds_everything(as_dora: Client, saved_model: SavedModel) -> None:
    response = as_dora.get(reverse("saved-model-bundle", args=[saved_model]))
    content = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.removeprefix(f"{STEM}/") for name in archive.namelist()}
        assert archive.read(f"{STEM}/{STEM}.keras") == b"k" * 1000
    assert names == {
        f"{STEM}.keras", "history.csv", "hyperparameters.json", "description.json", "template.py",
        "predict.py",
        "model_card.md",
    }  # fmt: skip


def test_the_names_of_classes_come_with_it(as_dora: Client, saved_model: SavedModel) -> None:
    dataset = saved_model.project.dataset
    columns = [{"name": "größe", "type": "category", "values": ["a"], "counts": [3]}]
    dataset.profile |= {"class_names": ["ä", "b"], "columns": columns}
    dataset.save()
    url = reverse("saved-model-file", args=[saved_model, "description.json"])
    assert json.loads(as_dora.get(url).content) == {
        "task": "classification",
        "target": None,
        "class_names": ["ä", "b"],
        "columns": [{"name": "größe", "type": "category"}],
    }
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert "takes the raw values of your file" in page


def test_the_history_runs_no_formulas(as_dora: Client, saved_model: SavedModel) -> None:
    response = as_dora.get(reverse("saved-model-file", args=[saved_model, "history.csv"]))
    assert response.content.decode().splitlines() == [
        "epoch,seconds,'=cmd(),accuracy", "1,1.5,1.0,0.8",
    ]  # fmt: skip


def test_other_names_are_not_found(as_alice: Client, saved_model: SavedModel) -> None:
    url = reverse("saved-model-file", args=[saved_model, "secret_key"])
    assert as_alice.get(url).status_code == 404


def test_a_lost_file_has_a_page(as_alice: Client, saved_model: SavedModel) -> None:
    (Path(settings.SAVED_MODELS_ROOT) / saved_model.file).unlink()
    for name in ("saved-model-download", "saved-model-bundle"):
        response = as_alice.get(reverse(name, args=[saved_model]))
        assert response.status_code == 410
        assert "File not found" in response.content.decode()
    page = as_alice.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert "Download" not in page


def test_an_unfinished_model_has_no_file(as_alice: Client, saved_model: SavedModel) -> None:
    SavedModel.objects.filter(pk=saved_model.pk).update(file="", status=Status.RUNNING)
    url = reverse("saved-model-download", args=[saved_model])
    assert as_alice.get(url).status_code == 404
    page = as_alice.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert "Epoch 1 of 2" in page
    assert "Download" not in page


def test_a_stage_is_what_editors_decided(
    as_bob: Client, as_dora: Client, saved_model: SavedModel
) -> None:
    url = reverse("saved-model-stage", args=[saved_model])
    assert as_dora.post(url, {"stage": "approved"}).status_code == 403
    assert as_bob.post(url, {"stage": "perfect"}).status_code == 404
    as_bob.post(url, {"stage": "approved"})
    for name, row in (("saved-model-detail", saved_model), ("project-detail", saved_model.project)):
        page = as_dora.get(reverse(name, args=[addressed(row)])).content.decode()
        assert "Approved</span>" in page
        assert "Model 1" in page
    assert "Set stage" not in page


def test_models_of_a_project_are_numbered(saved_model: SavedModel, alice: User) -> None:
    assert [retrain(alice, saved_model.trial, epochs=n).number for n in (3, 4)] == [2, 3]


def test_stop_and_delete(as_bob: Client, saved_model: SavedModel) -> None:
    SavedModel.objects.filter(pk=saved_model.pk).update(status=Status.RUNNING)
    as_bob.post(reverse("saved-model-stop", args=[saved_model]))
    saved_model.refresh_from_db()
    assert saved_model.status == Status.STOPPED
    as_bob.post(reverse("saved-model-delete", args=[saved_model]))
    assert not SavedModel.objects.exists()


def test_the_page_has_scores_and_a_snippet(as_dora: Client, saved_model: SavedModel) -> None:
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    for text in ("0.9444", "ab" * 32, "keras.models.load_model", "Download all (.zip)"):
        assert text in page


def test_files_of_own_data_are_named_after_what_people_call_them(
    as_dora: Client, saved_model: SavedModel, team: Team
) -> None:
    project = saved_model.project
    Dataset.objects.filter(pk=project.dataset_id).update(
        team=team, key="own-0123456789abcdef", name="Häuser 2024.csv"
    )
    HyperModel.objects.filter(pk=project.hypermodel_id).update(
        team=team, key="mine-01234567", name="日本"
    )
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert "Download hauser-2024-template-trial-3.keras" in page


def test_a_name_is_shown_wherever_the_model_is(as_dora: Client, saved_model: SavedModel) -> None:
    SavedModel.objects.update(name="Pilot <2>")
    trial = saved_model.trial
    for url in (
        reverse("project-list"), reverse("trial-detail", args=[trial]),
        reverse("project-detail", args=[saved_model.project_id]), reverse("palette") + "?q=pilot",
    ):  # fmt: skip
        assert "Pilot &lt;2&gt;" in as_dora.get(url).content.decode(), url
