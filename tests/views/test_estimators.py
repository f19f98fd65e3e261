"""The pages of a project whose template builds scikit-learn estimators."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.models import Epoch, Inspection, Project, SavedModel, Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status

SCORES = (0.9, 0.94, 0.98)
STEM = "test-digits-test-cnn-trial-1"


@pytest.fixture
def estimators(project: Project) -> Project:
    Inspection.objects.update(
        model_kind="sklearn", metrics=["score", "score_std"], parameters=0, summary="Ridge()",
        samples={"wanted": 20, "tried": 20, "failed": 0, "smallest": 0, "median": 0, "largest": 0,
                 "first_failure": ""},
    )  # fmt: skip
    return Project.objects.get(pk=project.pk)


@pytest.fixture
def search(estimators: Project, make_search: Any) -> Search:
    """A finished search of one trial with three folds, scored by f1_macro."""
    search: Search = make_search(
        project=estimators, model_kind="sklearn", objective="score", scoring="f1_macro", folds=3,
        epochs=1, max_trials=1,
    )  # fmt: skip
    now = timezone.now()
    Trial.objects.filter(search=search).update(
        status=Status.COMPLETED, score=0.94, best_epoch=1, epochs_done=3, attempt=1, parameters=0,
        metrics={"score": 0.94, "score_std": 0.04}, execution_scores=list(SCORES),
        layers="RidgeClassifier(alpha=0.5)", started_at=now, finished_at=now,
    )  # fmt: skip
    trial = search.trials.get()
    for fold, score in enumerate(SCORES):
        Epoch.objects.create(
            trial=trial, attempt=1, execution=fold, epoch=1, seconds=0.1, metrics={"score": score}
        )
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    search.refresh_from_db()
    return search


@pytest.fixture
def saved_estimator(search: Search, alice: User) -> SavedModel:
    path = Path(settings.SAVED_MODELS_ROOT) / f"test-estimator-{os.getpid()}.skops"
    path.write_bytes(b"s" * 1000)
    now = timezone.now()
    return SavedModel.objects.create(
        project=search.project, trial=search.trials.get(), epochs=1, batch_size=32,
        created_by=alice, status=Status.COMPLETED, attempt=1, parameters=0,
        test_metrics={"accuracy": 0.95, "f1_macro": 0.93}, file=path.name, size=1000,
        sha256="cd" * 32, versions={"skops": "0.16.0"}, started_at=now, finished_at=now,
        trusted_types=["sklearn.tree._tree.Tree"],
    )  # fmt: skip


def _page(client: Client, name: str, at: Any) -> str:
    response = client.get(reverse(name, args=[at]))
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_form_asks_for_folds_and_a_scorer(as_alice: Client, estimators: Project) -> None:
    url = reverse("search-create", args=[estimators.pk])
    response = as_alice.get(url)
    page = response.content.decode()
    assert "fits <b>100 estimators</b>, one per fold" in " ".join(page.split())
    assert "epoch" not in page.lower()
    strategies = [name for name, _ in response.context["form"].fields["tuner"].choices]
    assert "auto" in strategies
    assert "hyperband" not in strategies
    form = response.context["form"]
    data = {field.name: field.value() for field in form if field.value() is not None}
    as_alice.post(url, {**data, "scoring": "f1_macro", "folds": 4})
    search = Search.objects.get()
    assert (search.model_kind, search.folds, search.scoring) == ("sklearn", 4, "f1_macro")
    assert search.order().scoring == "f1_macro"


def test_nothing_typed_is_lost(as_alice: Client, estimators: Project) -> None:
    url = reverse("search-create", args=[estimators.pk])
    form = as_alice.get(url).context["form"]
    data = {field.name: field.value() for field in form if field.value() is not None}
    response = as_alice.post(url, {**data, "folds": 21, "scoring": "f1_macro"})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"folds"}
    assert 'value="f1_macro" selected' in response.content.decode()
    assert not Search.objects.exists()


def test_the_plan_follows_the_folds(as_alice: Client, estimators: Project) -> None:
    url = reverse("search-plan", args=[estimators.pk])
    page = as_alice.post(url, {"tuner": "random", "max_trials": 7, "folds": 3}).content.decode()
    assert "7 trials" in page
    assert "21 estimators" in page


@pytest.mark.parametrize("name", ["search-detail", "search-live"])
def test_a_search_has_folds_in_place_of_epochs(name: str, as_dora: Client, search: Search) -> None:
    page = _page(as_dora, name, search)
    assert "epoch" not in page.lower()
    assert ">Parameters<" not in page
    for words in ("Best <code>f1_macro</code>", "Folds of the best"):
        assert words in page
    assert "score_std" in _page(as_dora, "trial-list", search)


def test_a_running_trial_counts_folds(as_alice: Client, search: Search, worker: Worker) -> None:
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.RUNNING)
    Trial.objects.update(status=Status.RUNNING, worker=worker, slot=1, finished_at=None, score=None)
    assert "3 of 3 folds" in _page(as_alice, "search-live", search)
    assert "3 of 3 folds" in _page(as_alice, "trial-detail", search.trials.get())
    running = as_alice.get(reverse("search-plots", args=[search])).json()["running"]
    assert (running["metric"], running["x"]) == ("f1_macro", "fold")
    assert running["curves"] == [{"name": "trial 1", "epochs": [1, 2, 3], "values": list(SCORES)}]


def test_a_trial_shows_each_fold(as_dora: Client, as_alice: Client, search: Search) -> None:
    trial = search.trials.get()
    page = _page(as_dora, "trial-detail", trial)
    for words in ("mean of 3 folds", "Folds", "RidgeClassifier(alpha=0.5)",
                  "on all training and validation rows"):  # fmt: skip
        assert words in page
    assert "epoch" not in page.lower()
    assert 'name="epochs"' not in _page(as_alice, "trial-detail", trial)
    info = as_dora.get(reverse("trial-plots", args=[trial])).json()
    assert info == {
        "metric": "f1_macro", "count": 3, "folds": [1, 2, 3], "scores": list(SCORES),
        "mean": pytest.approx(0.94),
    }  # fmt: skip


def test_a_trial_is_retrained_without_a_number_of_epochs(as_bob: Client, search: Search) -> None:
    url = reverse("trial-retrain", args=[search.trials.get()])
    first, second = as_bob.post(url), as_bob.post(url)
    assert first["Location"] == second["Location"]
    saved_model = SavedModel.objects.get()
    page = _page(as_bob, "saved-model-detail", saved_model)
    assert "Waiting for a free slot" in page
    assert "epoch" not in page.lower()


def test_the_model_is_a_skops_file(as_dora: Client, saved_estimator: SavedModel) -> None:
    page = _page(as_dora, "saved-model-detail", saved_estimator)
    for words in (f"Download {STEM}.skops", "sklearn.tree._tree.Tree", "io.load", "skops</code>",
                  "mean of 3 folds"):  # fmt: skip
        assert words in page
    assert "epoch" not in page.lower()
    assert "keras" not in page.lower().replace("kerastuner", "").replace("keras_tuner", "")
    # The search's own score first.
    assert page.index("Test <code>f1_macro") < page.index("Test <code>accuracy")
    response = as_dora.get(reverse("saved-model-download", args=[saved_estimator]))
    assert response["Content-Disposition"] == f'attachment; filename="{STEM}.skops"'
    assert b"".join(response.streaming_content) == b"s" * 1000


def test_the_zip_has_no_history(as_dora: Client, saved_estimator: SavedModel) -> None:
    response = as_dora.get(reverse("saved-model-bundle", args=[saved_estimator]))
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        names = {name.removeprefix(f"{STEM}/") for name in archive.namelist()}
    texts = {
        "description.json",
        "hyperparameters.json",
        "template.py",
        "predict.py",
        "model_card.md",
    }
    assert names == {f"{STEM}.skops", *texts}
    url = reverse("saved-model-file", args=[saved_estimator, "history.csv"])
    assert as_dora.get(url).status_code == 404


def test_the_project_names_the_scorer(as_dora: Client, saved_estimator: SavedModel) -> None:
    page = _page(as_dora, "project-detail", saved_estimator.project_id)
    assert "<code>f1_macro</code>" in page
    page = _page(as_dora, "project-data", saved_estimator.project_id)
    assert "This template builds scikit-learn estimators" in page
    assert "0 parameters" not in page
    assert "f1_macro" in as_dora.get(reverse("project-list")).content.decode()


def test_the_template_has_no_size(as_dora: Client, estimators: Project) -> None:
    page = _page(as_dora, "hypermodel-detail", estimators.hypermodel_id)
    assert "20 sampled models: all were built." in page
    assert "</b> parameters" not in page
