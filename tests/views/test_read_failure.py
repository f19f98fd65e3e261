"""Why work failed, as its pages say it: the next step, and of the traceback only where it is."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Dataset, Inspection, Project, SavedModel, Search, Trial
from tuning.protocol.statuses import SearchStatus, Status

NAMED = "The traceback below ends with the error and the line."
RAISED = {"failure_code": "code_error", "failure_message": "ValueError in line 3: no"}
TRACEBACK = {"failure_traceback": "Traceback (most recent call last): …"}


def page(client: Client, name: str, at: Any) -> str:
    return str(client.get(reverse(name, args=[at])).content.decode())


@pytest.mark.parametrize("with_traceback", [True, False])
def test_a_traceback_is_named_where_it_is_shown(
    as_dora: Client, project: Project, saved_model: SavedModel, with_traceback: bool
) -> None:
    failed: dict[str, Any] = {
        "status": Status.FAILED, **RAISED, **(TRACEBACK if with_traceback else {}),
    }  # fmt: skip
    Inspection.objects.filter(hypermodel=project.hypermodel).update(**failed, requested=True)
    SavedModel.objects.filter(pk=saved_model.pk).update(**failed, file="")
    Trial.objects.filter(pk=saved_model.trial_id).update(**failed)
    for name, at in (
        ("hypermodel-detail", project.hypermodel_id),
        ("project-detail", project.pk),
        ("saved-model-detail", saved_model),
        ("trial-detail", saved_model.trial),
    ):
        html = page(as_dora, name, at)
        assert "ValueError in line 3" in html, name
        assert (NAMED in html) == with_traceback, name
        assert ("Traceback (most recent" in html) == with_traceback, name


def test_the_page_of_a_search_links_to_the_trial_and_names_no_traceback(
    as_dora: Client, search: Search
) -> None:
    Trial.objects.filter(search=search, number=1).update(
        status=Status.FAILED, **RAISED, **TRACEBACK
    )
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.FAILED)
    for name in ("search-detail", "search-failures"):
        html = page(as_dora, name, search)
        assert "Correct the template and save it as a new version" in html, name
        assert "traceback" not in html.lower(), name


@pytest.mark.parametrize(("code", "offered"), [("cannot_save", False), ("worker_lost", True)])
def test_what_would_fail_again_is_not_offered_again(
    as_dora: Client, saved_model: SavedModel, code: str, offered: bool
) -> None:
    SavedModel.objects.filter(pk=saved_model.pk).update(
        status=Status.FAILED, failure_code=code, file=""
    )
    assert ("Retrain again on" in page(as_dora, "saved-model-detail", saved_model)) == offered


def test_a_log_is_named_where_it_is_shown(as_dora: Client, project: Project) -> None:
    rows = Inspection.objects.filter(hypermodel=project.hypermodel)
    rows.update(status=Status.FAILED, failure_code="killed", log_tail="munmap_chunk()")
    html = page(as_dora, "hypermodel-detail", project.hypermodel_id)
    assert "The end of the log below may say why." in html
    assert "munmap_chunk()" in html


def test_reading_a_file_is_not_blamed_on_a_template(as_dora: Client, dataset: Dataset) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(
        status=Status.FAILED, failure_code="out_of_memory", folder=""
    )
    html = page(as_dora, "dataset-detail", dataset.pk)
    assert "Cause: the file. Use a smaller file" in html
    assert "batch size" not in html


def test_how_a_model_was_saved_is_on_its_page(as_dora: Client, saved_model: SavedModel) -> None:
    html = page(as_dora, "saved-model-detail", saved_model)
    assert "layers.py" not in html
    code = "import keras\n\n@keras.saving.register_keras_serializable()\nclass A: ..."
    SavedModel.objects.filter(pk=saved_model.pk).update(
        note="Saved without its loss, metrics and optimizer.", layers_code=code
    )
    html = page(as_dora, "saved-model-detail", saved_model)
    assert "Saved without its loss, metrics and optimizer." in html
    assert "import layers  # registers" in html
    assert "# Saved without its loss" in html
    url = reverse("saved-model-file", args=[saved_model, "layers.py"])
    assert as_dora.get(url).content.decode() == code
