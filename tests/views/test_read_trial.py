"""Reading a trial and retraining it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Epoch, SavedModel, Search, Trial
from tuning.protocol.failures import FailureCode
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.statuses import Status


def _page(client: Client, trial: Trial) -> str:
    return client.get(reverse("trial-detail", args=[trial])).content.decode()


def test_the_page_offers_the_best_epoch(as_alice: Client, best: Trial) -> None:
    assert 'name="epochs" value="2"' in _page(as_alice, best)


def test_retraining_twice_makes_one_model(as_bob: Client, best: Trial) -> None:
    url = reverse("trial-retrain", args=[best])
    first, second = as_bob.post(url, {"epochs": 7}), as_bob.post(url, {"epochs": 7})
    assert first["Location"] == second["Location"]
    assert SavedModel.objects.get().epochs == 7


def test_without_a_number_the_best_epoch_holds(as_bob: Client, best: Trial) -> None:
    as_bob.post(reverse("trial-retrain", args=[best]))
    assert SavedModel.objects.get().epochs == 2


def test_no_epochs_are_refused(as_bob: Client, best: Trial) -> None:
    assert as_bob.post(reverse("trial-retrain", args=[best]), {"epochs": 0}).status_code == 422


def test_an_optuna_script_decides_how_long_it_trains(
    as_bob: Client, best: Trial, saved_model: SavedModel
) -> None:
    assert 'name="epochs"' in _page(as_bob, best)
    Search.objects.filter(pk=best.search_id).update(model_kind=ModelKind.OPTUNA)
    page = _page(as_bob, best)
    assert 'name="epochs"' not in page
    assert "Runs the objective function again with these values" in " ".join(page.split())
    assert "Copy Optuna" in page
    assert "KerasTuner" not in page
    model = as_bob.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    for text in ("Batch size", "KerasTuner", "for 2 epochs", "for 3 epochs"):
        assert text not in model
    response = as_bob.post(reverse("trial-retrain", args=[best]), {"name": "digits"})
    assert response.status_code == 302
    # However many epochs it trains: nobody has said a number.
    page = as_bob.get(response["Location"]).content.decode()
    assert "0 of" not in page


def test_a_failed_trial_cannot_be_retrained(as_alice: Client, best: Trial) -> None:
    Trial.objects.filter(pk=best.pk).update(status=Status.FAILED)
    assert as_alice.post(reverse("trial-retrain", args=[best])).status_code == 404


@pytest.mark.parametrize("code", list(FailureCode))
def test_every_failure_is_explained(code: FailureCode, as_dora: Client, best: Trial) -> None:
    Trial.objects.filter(pk=best.pk).update(
        status=Status.FAILED, failure_code=code, failure_traceback="<Traceback>", log_tail="log"
    )
    page = _page(as_dora, best)
    assert code.caption in page
    assert code.advice.replace("'", "&#x27;") in page
    assert "&lt;Traceback&gt;" in page


def test_a_promoted_trial_names_its_parent(
    as_alice: Client, make_search: Any, add_trial: Any
) -> None:
    search = make_search(tuner="hyperband", epochs=9)
    first = {"tuner/bracket": 2, "tuner/round": 0, "tuner/epochs": 1, "tuner/initial_epoch": 0}
    parent = add_trial(search, 2, 0.7, oracle_id="0000", tuner_values=first)
    own = {"tuner/bracket": 2, "tuner/round": 1, "tuner/epochs": 3, "tuner/initial_epoch": 1}
    child = add_trial(
        search, 3, 0.8, oracle_id="0001", tuner_values={**own, "tuner/trial_id": "0000"}
    )
    page = _page(as_alice, child)
    assert "Bracket 1 of 3, round 2 of 3: epochs 2 to 3." in " ".join(page.split())
    assert reverse("trial-detail", args=[parent]) in page
    assert "tuner/" not in page
    assert reverse("trial-detail", args=[child]) in _page(as_alice, parent)


def test_the_page_loads_anew_once_the_trial_has_ended(as_alice: Client, best: Trial) -> None:
    response = as_alice.get(reverse("trial-live", args=[best]))
    assert response["HX-Refresh"] == "true"


def test_metrics_at_the_best_and_after_the_last_epoch(as_dora: Client, best: Trial) -> None:
    page = _page(as_dora, best)
    metrics = page[page.index('id="trial-metrics"') : page.index('id="trial-resources"')]
    rows = re.findall(r"<code>(\w+)</code>.*?>([\d.]+)<.*?>([\d.]+)<", metrics, re.DOTALL)
    assert rows == [
        ("val_accuracy", "0.9500", "0.9500"),
        ("val_loss", "0.5000", "0.6000"),
        ("accuracy", "0.9000", "0.9200"),
        ("loss", "0.4000", "0.3500"),
    ]


def test_what_a_trial_cost(as_dora: Client, best: Trial) -> None:
    Trial.objects.update(peak_memory=600 * 1024**2)
    for epoch, seconds in ((2, 0.2), (3, 0.4)):
        Epoch.objects.create(
            trial=best, attempt=1, execution=0, epoch=epoch, seconds=seconds, metrics={}
        )
    page = _page(as_dora, best)
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<span[^>]*>)?([^<]+)<", page))
    assert facts["Peak memory"] == "600.0\xa0MB"
    assert facts["First epoch"] == "0.5 s"
    assert facts["Time per epoch"] == "0.3 s"
    assert facts["Total time"] == "10 s"


def test_its_neighbours_are_linked(as_dora: Client, search: Search) -> None:
    first, second, third = (reverse("trial-detail", args=[t]) for t in search.trials.all())
    page = " ".join(as_dora.get(second).content.decode().split())
    assert f'rel="prev" href="{first}"' in page
    assert f'rel="next" href="{third}"' in page
    assert 'rel="prev"' not in as_dora.get(first).content.decode()
    assert 'rel="next"' not in as_dora.get(third).content.decode()


def test_a_running_trial_tells_its_metrics_so_far(as_dora: Client, best: Trial) -> None:
    Trial.objects.filter(pk=best.pk).update(
        status=Status.RUNNING, metrics={}, last_metrics={}, score=None, finished_at=None
    )
    assert "Metrics so far" in _page(as_dora, best)
    news = as_dora.get(reverse("trial-live", args=[best])).content.decode()
    assert 'id="trial-metrics" aria-labelledby="metrics" hx-swap-oob="true"' in news
    assert "0.4000" in news
    assert "available when the trial ends" in news


def test_retrained_models_are_linked(as_dora: Client, saved_model: SavedModel) -> None:
    page = _page(as_dora, saved_model.trial)
    assert reverse("saved-model-detail", args=[saved_model]) in page
