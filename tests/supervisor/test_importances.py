"""Importances: asked for by a page, computed by a worker, kept for everybody."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.analysis.studies import families
from tuning.models import Importances, Search, Trial, TrialIndex, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor import importances
from tuning.supervisor.importances import ImportancesProcess
from tuning.supervisor.on_demand import OnDemandThread

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def searched(make_search: Any) -> Search:
    search: Search = make_search()
    search.trials.all().delete()
    draw = random.Random(5)
    for number in range(1, 41):
        values: dict[str, Any] = {
            "units": draw.randrange(8, 72, 8),
            "learning_rate": 10 ** -draw.uniform(1, 4),
        }
        values["optimizer"] = draw.choice(["adam", "sgd"])
        if values["optimizer"] == "sgd":
            values["momentum"] = draw.random()
        Trial.objects.create(
            search=search, number=number, values=values, status=Status.COMPLETED,
            score=values["units"] / 100,
        )  # fmt: skip
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    TrialIndex.objects.fill(search)
    return search


@pytest.fixture
def computed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, which imports Optuna once: a process of its own imports it each time. For
    tests of what comes before and after the computation."""
    monkeypatch.setattr(ImportancesProcess, "_ask", lambda _, order: families(order))


def ask(client: Client, search: Search, query: str = "") -> dict[str, Any]:
    url = reverse("search-plot", args=[search, "importances"])
    answer: dict[str, Any] = client.post(f"{url}?{query}").json()
    return answer


def test_a_worker_computes_what_a_viewer_asked_for(as_dora: Client, searched: Search) -> None:
    before = ask(as_dora, searched)
    assert (before["families"], before["waiting"]) == ([], True)
    assert "No worker is available" in before["note"]
    process = ImportancesProcess()
    assert process.compute_next()
    assert not process.compute_next()
    after = ask(as_dora, searched)
    assert not after["waiting"]
    everywhere, conditional = after["families"]
    assert everywhere["names"][0] == "units"
    assert everywhere["shares"][0] > 0.9
    assert conditional["names"] == ["momentum"]
    assert conditional["trials"] < everywhere["trials"] == 40
    assert after["note"] == "PED-ANOVA over 40 completed trials."
    fanova = "plot.importances.method=fanova"
    assert ask(as_dora, searched, fanova)["waiting"]
    assert process.compute_next()
    assert ask(as_dora, searched, fanova)["note"] == "fANOVA over 40 completed trials."
    assert not ask(as_dora, searched)["waiting"]


@pytest.mark.usefixtures("computed_here")
def test_few_trials_come_with_a_warning(as_dora: Client, searched: Search) -> None:
    ask(as_dora, searched, "number__lte=12")
    ImportancesProcess().compute_next()
    answer = ask(as_dora, searched, "number__lte=12")
    assert answer["families"]
    assert "Importances are not reliable with fewer than 20 trials." in answer["note"]


def test_the_same_trials_are_computed_once(
    as_alice: Client, as_dora: Client, searched: Search
) -> None:
    ask(as_alice, searched, "hp:units__gte=16&sort=score")
    ask(as_dora, searched, "hp:units__gte=16&plot=importances")
    assert Importances.objects.count() == 1
    ask(as_dora, searched, "hp:units__gte=24")
    assert Importances.objects.count() == 2


def test_my_stars_are_not_another_s(as_alice: Client, as_dora: Client, searched: Search) -> None:
    for client in (as_alice, as_dora):
        ask(client, searched, "stars__by=me")
    assert Importances.objects.count() == 2


@pytest.mark.usefixtures("computed_here")
def test_the_last_result_stays_until_there_is_a_newer_one(
    as_alice: Client, searched: Search, worker: Worker
) -> None:
    ask(as_alice, searched)
    ImportancesProcess().compute_next()
    Search.objects.touch(searched.pk)
    again = ask(as_alice, searched)
    assert again["waiting"]
    assert again["families"]
    assert "is updating them" in again["note"]


@pytest.mark.usefixtures("computed_here")
def test_a_running_search_is_not_computed_with_every_epoch(
    as_alice: Client, searched: Search
) -> None:
    Search.objects.filter(pk=searched.pk).update(status=SearchStatus.RUNNING)
    ask(as_alice, searched)
    ImportancesProcess().compute_next()
    Search.objects.touch(searched.pk)
    assert not ask(as_alice, searched)["waiting"]
    Importances.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert ask(as_alice, searched)["waiting"]


def test_too_few_trials_are_told_in_a_sentence(as_alice: Client, searched: Search) -> None:
    ask(as_alice, searched, "number__lte=2")
    ImportancesProcess().compute_next()
    found = ask(as_alice, searched, "number__lte=2")
    assert found["families"] == []
    assert "Found: 2 completed trials." in found["note"]


@pytest.mark.usefixtures("computed_here")
def test_another_worker_s_is_left_alone_until_it_is_lost(
    as_alice: Client, searched: Search
) -> None:
    ask(as_alice, searched)
    row = Importances.objects.get()
    assert Importances.objects.take(row.pk, 60)
    assert not Importances.objects.take(row.pk, 60)
    assert not ImportancesProcess().compute_next()
    Importances.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    assert ImportancesProcess().compute_next()


def test_a_process_that_takes_too_long_is_ended(
    as_alice: Client, searched: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importances, "LIMIT_SECONDS", 0.01)
    ask(as_alice, searched)
    process = ImportancesProcess()
    assert process.compute_next()
    assert "could not be computed" in ask(as_alice, searched)["note"]
    assert process._process is None
    # Not again and again.
    assert not process.compute_next()


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_is_made_up_for_by_a_look_into_the_database(
    as_alice: Client, searched: Search
) -> None:
    ask(as_alice, searched)
    process = ImportancesProcess()
    thread = OnDemandThread("importances", process.is_due, process.compute_all)
    thread.check()
    # The tests' database in memory refuses to be read while another thread writes.
    thread.join()
    assert Importances.objects.get().result["families"]
    process.close()
