"""Pruned trials on the pages of their search, and training one to its end."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.actions.searches import change_limits, pause_search, train_to_end
from tuning.models import AuditEntry, Epoch, Project, Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor.claims import Slot, claim_next

pytestmark = pytest.mark.django_db

LAST = {"val_accuracy": 0.7123, "val_loss": 0.9, "accuracy": 0.7, "loss": 1.0}


@pytest.fixture
def search(make_search: Any, add_trial: Any) -> Search:
    """A completed search of 20 epochs: 12 completed trials, the 13th was pruned after 3 epochs."""
    search: Search = make_search(max_trials=13, epochs=20, tuner="tpe", pruner="auto")
    for number in range(1, 13):
        add_trial(search, number, 0.8 + number / 100, is_baseline=number == 1, end_order=number,
                  epochs_done=20)  # fmt: skip
    trial = add_trial(
        search, 13, None, status=Status.PRUNED, end_order=13, metrics={}, execution_scores=[],
        last_metrics=LAST, best_epoch=None, oracle_id="t-13", epochs_done=3,
    )  # fmt: skip
    trial.attempts.create(number=1, worker_name="w", slot=0, outcome="Pruned at epoch 3")
    for epoch in (2, 3):
        Epoch.objects.create(
            trial=trial, attempt=1, execution=0, epoch=epoch, seconds=0.5, metrics=LAST
        )
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    search.refresh_from_db()
    return search


@pytest.fixture
def pruned(search: Search) -> Trial:
    trial: Trial = search.trials.get(number=13)
    return trial


def page_of(client: Client, name: str, *keys: Any, query: str = "") -> str:
    response = client.get(reverse(name, args=keys) + query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def to_end(client: Client, trial: Trial) -> Any:
    return client.post(reverse("trial-train-to-end", args=[trial]), follow=True)


def test_weights_of_a_pruned_trial_are_pinned(
    as_dora: Client, as_bob: Client, search: Search, pruned: Trial
) -> None:
    page = page_of(as_dora, "trial-detail", pruned)
    assert "weights" not in page, "a trial of this search leaves none"
    Search.objects.filter(pk=search.pk).update(pruner="asha")
    Trial.objects.filter(pk=pruned.pk).update(pruned_attempt=1)
    assert "Its weights are no longer stored" in page_of(as_dora, "trial-detail", pruned)
    pin = reverse("trial-pin", args=[pruned])
    page = as_bob.post(pin, {"pinned": 1}, follow=True).content.decode()
    assert "The weights of trial 13 are no longer stored." in page
    pruned.refresh_from_db()
    assert not pruned.pinned

    pruned.pruned_weights.place.mkdir(parents=True)
    page = page_of(as_dora, "trial-detail", pruned)
    assert "Its weights are kept while the search may promote it" in page
    assert 'id="pin"' not in page, "dora may only look"
    assert "Pin weights" in page_of(as_bob, "trial-detail", pruned)
    assert "Unpin weights" in as_bob.post(pin, {"pinned": 1}, follow=True).content.decode()
    as_bob.post(pin, {"pinned": 0})
    as_bob.post(pin, {"pinned": 0})
    pruned.refresh_from_db()
    assert not pruned.pinned
    kinds = AuditEntry.objects.filter(kind__contains="pin").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["trial.pin", "trial.unpin"]


def test_weights_of_the_chosen_trials_are_pinned(
    as_dora: Client, as_bob: Client, search: Search, pruned: Trial, project: Project
) -> None:
    table = reverse("trial-list", args=[search])
    assert 'value="pin"' not in as_bob.get(table).content.decode(), "none of them leaves any"
    Search.objects.filter(pk=search.pk).update(pruner="asha")
    Trial.objects.filter(pk=pruned.pk).update(pruned_attempt=1)
    pruned.refresh_from_db()
    pruned.pruned_weights.place.mkdir(parents=True)
    assert 'value="pin"' in as_bob.get(table).content.decode()
    assert 'value="pin"' not in as_dora.get(table).content.decode()
    mark = reverse("project-mark", args=[project.pk])
    other = search.trials.exclude(pk=pruned.pk).first()
    assert other is not None
    data = {"mark": "pin", "trial": [pruned.pk, other.pk], "next": table}
    assert as_dora.post(mark, data).status_code == 403
    page = as_bob.post(mark, data, follow=True).content.decode()
    assert "Pinned the weights of 1 trial. 1 selected trial has no weights." in page
    assert page.count(">pinned</span>") == 1
    page = as_bob.post(mark, {**data, "mark": "unpin", "trial": pruned.pk}, follow=True)
    assert "Unpinned the weights of 1 trial." in page.content.decode()
    assert not Trial.objects.filter(pinned=True).exists()


def test_the_page_of_a_trial_says_when_and_by_what(as_dora: Client, pruned: Trial) -> None:
    page = page_of(as_dora, "trial-detail", pruned)
    assert '<span class="status status-pruned">Pruned</span>' in page
    assert "Pruned after 3 of 20 epochs by Median." in page
    assert "Its last val_accuracy was 0.7123; it has no score." in page
    assert "Pruned at epoch 3" in page
    # A viewer cannot change it.
    assert "Train to the end" not in page


def test_an_editor_has_it_trained_to_the_end(
    as_bob: Client, search: Search, pruned: Trial, worker: Worker
) -> None:
    assert "Train to the end" in page_of(as_bob, "trial-detail", pruned)
    response = to_end(as_bob, pruned)
    assert response.redirect_chain[-1][0] == reverse("trial-detail", args=[pruned])
    pruned.refresh_from_db()
    assert (pruned.status, pruned.trains_to_end) == (Status.QUEUED, True)
    assert not pruned.may_be_pruned
    # What it reported before stays.
    assert pruned.epochs.count() == 3
    assert pruned.index_row.status == ""
    revision = search.revision
    search.refresh_from_db()
    assert search.status == SearchStatus.RUNNING
    assert search.revision > revision
    assert search.max_trials == 13
    claimed = claim_next(Slot(worker, 0))
    assert claimed == pruned
    assert claimed.attempt == 2
    assert claim_next(Slot(worker, 1)) is None
    page = page_of(as_bob, "trial-detail", pruned)
    assert 'id="train-to-end"' not in page
    assert "training without pruning" in page
    assert "Pruned at epoch 3" in page


def test_two_presses_are_one(as_bob: Client, search: Search, pruned: Trial) -> None:
    to_end(as_bob, pruned)
    search.refresh_from_db()
    response = to_end(as_bob, pruned)
    assert not response.context["messages"]
    assert search.revision == Search.objects.get(pk=search.pk).revision


def test_two_at_once_are_one(search: Search, pruned: Trial) -> None:
    """Both have read the row while it was pruned."""
    assert train_to_end(Trial.objects.get(pk=pruned.pk))
    assert not train_to_end(pruned)
    assert not search.trials.train_to_end(pruned)


def test_it_waits_while_the_search_is_paused(
    as_bob: Client, search: Search, pruned: Trial, worker: Worker
) -> None:
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.RUNNING)
    pause_search(search)
    to_end(as_bob, pruned)
    search.refresh_from_db()
    pruned.refresh_from_db()
    assert (search.status, pruned.status) == (SearchStatus.PAUSED, Status.QUEUED)
    assert claim_next(Slot(worker, 0)) is None


@pytest.mark.parametrize("status", [SearchStatus.STOPPED, SearchStatus.FAILED])
def test_an_ended_search_says_what_to_do_first(
    status: SearchStatus, as_bob: Client, search: Search, pruned: Trial
) -> None:
    Search.objects.filter(pk=search.pk).update(status=status)
    said = f"The search is {status}. Extend it first, then train trial 13 to the end."
    assert said in page_of(as_bob, "trial-detail", pruned)
    assert said in to_end(as_bob, pruned).content.decode()
    pruned.refresh_from_db()
    assert pruned.status == Status.PRUNED


def test_a_limit_that_ended_the_search_goes_first(
    as_bob: Client, search: Search, pruned: Trial
) -> None:
    Search.objects.filter(pk=search.pk).update(target_score=0.9, end_reason="Reached the target.")
    page = page_of(as_bob, "trial-detail", pruned)
    assert "Reached the target score 0.9 with trial 10." in page
    assert "Change the limits of the search to train trial 13 to the end." in page
    assert not train_to_end(pruned)
    change_limits(search, {"target_score": None})
    assert train_to_end(pruned)


@pytest.mark.parametrize(
    "status", [Status.COMPLETED, Status.FAILED, Status.STOPPED, Status.RUNNING, Status.QUEUED]
)
def test_only_pruned_trials_can(
    status: Status, as_bob: Client, search: Search, pruned: Trial
) -> None:
    Trial.objects.filter(pk=pruned.pk).update(status=status)
    response = to_end(as_bob, pruned)
    said = f"Trial 13 is not pruned: its status is {status.caption}."
    assert [str(message) for message in response.context["messages"]] == [said]
    pruned.refresh_from_db()
    assert (pruned.status, pruned.trains_to_end) == (status, False)
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED


def test_who_may(
    as_alice: Client, as_dora: Client, as_charlie: Client, search: Search, pruned: Trial
) -> None:
    url = reverse("trial-train-to-end", args=[pruned])
    assert as_charlie.post(url).status_code == 404
    assert as_dora.post(url).status_code == 403
    assert as_alice.get(url).status_code == 405
    pruned.refresh_from_db()
    assert pruned.status == Status.PRUNED
    Search.objects.filter(pk=search.pk).update(origin=Search.Origin.KERASTUNER)
    assert as_alice.post(url).status_code == 404
    Search.objects.filter(pk=search.pk).update(origin=Search.Origin.TUNEROOM)
    assert as_alice.post(url).status_code == 302


def test_the_search_counts_pruned_trials_apart(as_dora: Client, search: Search) -> None:
    page = page_of(as_dora, "search-detail", search)
    assert '<span class="status status-completed">12 completed</span>' in page
    assert '<span class="status status-pruned">1 pruned</span>' in page
    assert "13 of 13 trials" in page
    assert "Pruning saved 7 % of the epochs: 17 of 260 planned, about 8.5 s of training." in page
    page = page_of(as_dora, "project-detail", search.project_id)
    assert "13 of 13" in page
    assert "1 pruned" in page
    page = page_of(as_dora, "search-compare", search.project_id, query=f"?number={search.number}")
    assert "Pruned" in page


def test_the_settings_name_the_pruner(as_dora: Client, search: Search) -> None:
    page = page_of(as_dora, "search-settings", search)
    assert "Pruning by Median, which suits trials of 20 epochs, with 4 epochs of warm-up." in page
    assert "<dt>Pruner</dt><dd>Automatic: Median</dd>" in page
    Search.objects.filter(pk=search.pk).update(pruner="percentile", pruning_percentile=25)
    page = page_of(as_dora, "search-settings", search)
    assert "<dt>Pruner</dt><dd>Percentile</dd>" in page
    assert "<dt>Percentile</dt><dd>25</dd>" in page
    Search.objects.filter(pk=search.pk).update(pruner="none")
    assert "<dt>Pruner</dt><dd>None</dd>" in page_of(as_dora, "search-settings", search)


def test_a_search_without_pruned_trials_says_nothing_of_savings(
    as_dora: Client, search: Search, pruned: Trial
) -> None:
    pruned.delete()
    page = page_of(as_dora, "search-detail", search)
    assert "saved" not in page
    assert "status-pruned" not in page


def _curves(client: Client, trial: Trial) -> dict[str, list[int]]:
    plots = client.get(reverse("trial-plots", args=[trial])).json()["plots"]
    return {
        f"{curve['name']}{' in grey' if curve.get('pruned') else ''}": curve["epochs"]
        for curve in plots[0]["curves"]
    }


def test_the_epochs_before_stay_visible(as_dora: Client, pruned: Trial) -> None:
    """Those of the attempt that was pruned, in grey; not twice if the trial went on from there."""
    Trial.objects.filter(pk=pruned.pk).update(pruned_after=3, pruned_attempt=1)
    pruned.refresh_from_db()
    before = {"validation": [1, 2, 3], "training": [1, 2, 3]}
    assert _curves(as_dora, pruned) == before
    train_to_end(pruned)
    assert _curves(as_dora, pruned) == before
    Trial.objects.filter(pk=pruned.pk).update(attempt=2, status=Status.RUNNING)
    grey = {"validation, attempt 1 in grey": [1, 2, 3], "training, attempt 1 in grey": [1, 2, 3]}
    assert _curves(as_dora, pruned) == grey
    pruned.attempts.create(number=2, worker_name="w", slot=0)
    epoch = Epoch.objects.create(
        trial=pruned, attempt=2, execution=0, epoch=1, seconds=0.7, metrics=LAST
    )
    assert _curves(as_dora, pruned) == {"validation": [1], "training": [1]} | grey
    page = page_of(as_dora, "trial-detail", pruned)
    assert '<td class="num">3</td><td>Pruned at epoch 3</td>' in page
    assert '<td class="num">1</td><td>–</td>' in page
    # It went on: the supervisor has copied what was before.
    copied = pruned.epochs.get(attempt=1, epoch=1)
    epoch.seconds, epoch.metrics = copied.seconds, copied.metrics
    epoch.save()
    assert _curves(as_dora, pruned) == {"validation": [1], "training": [1]}


def test_folds_are_called_folds(as_dora: Client, search: Search, pruned: Trial) -> None:
    Search.objects.filter(pk=search.pk).update(
        model_kind="sklearn", folds=8, epochs=1, objective="val_accuracy", pruner="wilcoxon"
    )
    page = page_of(as_dora, "trial-detail", pruned)
    assert "Pruned after 3 of 8 folds by Wilcoxon test." in page
    assert (
        f"The mean {search.score_name} of these folds val_accuracy was 0.7123; it has no score."
        in page
    )
    page = page_of(as_dora, "search-detail", search)
    assert "of the folds: 5 of 104 planned" in page


def test_beside_others_it_says_why_it_has_no_score(
    as_dora: Client, search: Search, pruned: Trial
) -> None:
    best = search.trials.get(number=12)
    query = f"?trial=1.{best.number}&trial=1.{pruned.number}"
    page = page_of(as_dora, "trial-compare", search.project_id, query=query)
    assert "Pruned" in page
    other = search.trials.get(number=11)
    query = f"?trial=1.{best.number}&trial=1.{other.number}"
    page = page_of(as_dora, "trial-compare", search.project_id, query=query)
    assert "Pruned" not in page
    card = page_of(as_dora, "trial-card", pruned.pk)
    assert "0.7123 when pruned" in card


def test_an_estimate_is_of_what_is_trained_without_pruning(as_bob: Client, search: Search) -> None:
    page = page_of(as_bob, "search-create", search.project_id, query=f"?search={search.number}")
    assert "Estimated duration without pruning: <b>" in page
    Search.objects.filter(pk=search.pk).update(pruner="none")
    page = page_of(as_bob, "search-create", search.project_id, query=f"?search={search.number}")
    assert "Estimated duration: <b>" in page
