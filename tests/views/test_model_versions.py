"""Models of one name are versions: made by retraining and renaming, listed, compared first."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tuning.actions.saved_models import retrain
from tuning.models import SavedModel, Trial
from tuning.protocol.statuses import Status

from .evaluations import LINES, classification, evaluated


@pytest.fixture
def pilot(saved_model: SavedModel) -> SavedModel:
    """The first version of “Pilot”."""
    SavedModel.objects.update(name="Pilot")
    saved_model.refresh_from_db()
    return saved_model


def finished(saved_model: SavedModel, **values: Any) -> SavedModel:
    """Another model, as if its retraining had ended."""
    values = {"status": Status.COMPLETED, "file": "other.keras", **values}
    SavedModel.objects.filter(pk=saved_model.pk).update(**values)
    saved_model.refresh_from_db()
    return saved_model


def test_retraining_under_a_name_makes_the_next_version(
    as_bob: Client, pilot: SavedModel, best: Trial
) -> None:
    url = reverse("trial-retrain", args=[best])
    assert '<option value="Pilot">' in as_bob.get(best_url(best)).content.decode()
    for _ in range(2):  # pressed twice
        as_bob.post(url, {"epochs": 3, "name": "Pilot"})
    as_bob.post(url, {"epochs": 3, "name": "Other"})
    as_bob.post(url, {"epochs": 4, "name": ""})
    found = SavedModel.objects.order_by("number").values_list("name", "version")
    assert list(found) == [("Pilot", 1), ("Pilot", 2), ("Other", 1), ("", 1)]
    refused = as_bob.post(url, {"epochs": 3, "name": "two\nlines"})
    assert refused.status_code == 422


def best_url(best: Trial) -> str:
    return reverse("trial-detail", args=[best])


def test_a_model_that_gets_the_name_of_others_is_their_next_version(
    as_bob: Client, bob: Any, pilot: SavedModel, best: Trial
) -> None:
    other = finished(retrain(bob, best, 9))
    url = reverse("saved-model-name", args=[other])
    as_bob.post(url, {"name": "Pilot", "description": ""})
    other.refresh_from_db()
    assert (other.title, other.version) == ("Pilot v2", 2)
    # Its description alone changes nothing; a name of its own begins with version 1.
    as_bob.post(url, {"name": "Pilot", "description": "Better."})
    other.refresh_from_db()
    assert other.version == 2
    as_bob.post(url, {"name": "", "description": ""})
    other.refresh_from_db()
    assert (other.title, other.version) == (f"Model {other.number}", 1)


def test_no_two_models_are_one_version(bob: Any, pilot: SavedModel, best: Trial) -> None:
    other = retrain(bob, best, 9)
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedModel.objects.filter(pk=other.pk).update(name="Pilot")
    # Those without a name have none.
    retrain(bob, best, 10)


def test_the_page_lists_the_versions(
    as_dora: Client, bob: Any, pilot: SavedModel, best: Trial
) -> None:
    page = as_dora.get(reverse("saved-model-detail", args=[pilot])).content.decode()
    assert "Pilot v1" in page
    assert "Versions of" not in page
    second = finished(
        retrain(bob, best, 9, "Pilot"), stage="approved", test_metrics={"accuracy": 0.97}
    )
    page = as_dora.get(reverse("saved-model-detail", args=[pilot])).content.decode()
    assert "Versions of Pilot" in page
    assert page.index(">v2</a>") < page.index("0.97") < page.index("this one")
    assert f"with={second.number}" in page
    # Where the name is shown, the approved one is marked.
    for url in (reverse("project-list"), reverse("trial-detail", args=[best])):
        page = as_dora.get(url).content.decode()
        assert page.count("stage-approved") == 1, url


def test_compare_offers_versions_first(
    as_dora: Client, bob: Any, pilot: SavedModel, best: Trial
) -> None:
    second = finished(retrain(bob, best, 9, "Pilot"))
    newest = finished(retrain(bob, best, 10))
    for model in (second, newest):
        evaluated(model, classification(), LINES)
    page = as_dora.get(reverse("saved-model-compare", args=[pilot])).content.decode()
    assert page.index("Pilot v2") < page.index(f"Model {newest.number}")
