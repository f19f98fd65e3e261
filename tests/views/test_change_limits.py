"""The limits of a search: given in its form, followed and changed on its page."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tuning.models import Project, Search
from tuning.protocol.statuses import SearchStatus

SETTINGS = {
    "objective": "val_accuracy", "tuner": "random", "max_trials": 5, "epochs": 3,
    "executions_per_trial": 1, "batch_size": 32, "early_stopping_patience": 3, "seed": 1,
    "parallel_trials": 2, "retries": 0, "max_consecutive_failures": 5, "time_limit": 3600,
    "stall_limit": 900, "hyperband_factor": 3, "hyperband_iterations": 1,
    "bayesian_alpha": 1e-4, "bayesian_beta": 2.6,
}  # fmt: skip


def _page(client: Client, search: Search) -> str:
    return client.get(reverse("search-detail", args=[search])).content.decode()


def _change(client: Client, search: Search, **values: Any) -> Any:
    data = {f"limits-{name}": value for name, value in {"max_trials": 4, **values}.items()}
    data["initial-limits-max_trials"] = search.max_trials
    return client.post(reverse("search-limits", args=[search]), data)


def test_bob_starts_a_search_with_limits(as_bob: Client, project: Project) -> None:
    url = reverse("search-create", args=[project.pk])
    assert "Stop early" in as_bob.get(url).content.decode()
    limits = {"max_time": "2h", "target_score": "0.95", "patience_trials": "20"}
    as_bob.post(url, SETTINGS | limits | {"max_training_time": ""})
    search = Search.objects.get()
    assert (search.max_time, search.max_training_time) == (7200, None)
    assert (search.target_score, search.patience_trials) == (0.95, 20)
    page = _page(as_bob, search)
    assert "target 0.95" in page
    assert "0 of 20 trials" in page
    assert "Max training time</span>" not in page
    # Another one that begins with it has the same limits.
    again = as_bob.get(url, {"search": search.number}).content.decode()
    assert 'value="2h"' in again
    assert 'value="0.95"' in again


def test_a_mistake_is_shown_in_the_form(as_bob: Client, project: Project) -> None:
    url = reverse("search-create", args=[project.pk])
    response = as_bob.post(url, SETTINGS | {"max_time": "soon"})
    assert response.status_code == 422
    assert "Enter a duration such as 90 (seconds), 30m or 2h." in response.content.decode()
    assert 'id="more-settings" open>' in response.content.decode()
    assert not Search.objects.exists()


def test_a_search_without_limits_shows_no_bars(as_bob: Client, search: Search) -> None:
    assert "limit-line" not in _page(as_bob, search)
    assert "search-end-reason" not in _page(as_bob, search)


def test_bob_changes_limits_while_it_runs(as_bob: Client, make_search: Any) -> None:
    search = make_search()
    assert _change(as_bob, search, target_score="0.9").status_code == 302
    search.refresh_from_db()
    assert (search.target_score, search.max_trials) == (0.9, 4)
    assert "Limits changed." in _page(as_bob, search)


def test_raising_the_limit_that_ended_it_lets_it_go_on(
    as_bob: Client, make_search: Any, add_trial: Any
) -> None:
    search = make_search(target_score=0.9)
    add_trial(search, 1, 0.95, end_order=1)
    reason = "Reached the target score 0.9 with trial 1."
    Search.objects.update(status=SearchStatus.COMPLETED, end_reason=reason)
    assert reason in _page(as_bob, search)
    _change(as_bob, search, target_score="0.94", max_trials="9")
    assert "The search stays completed. Reached the target score 0.94 with trial 1." in _page(
        as_bob, search
    )
    _change(as_bob, search, target_score="0.97")
    search.refresh_from_db()
    assert search.status == SearchStatus.RUNNING
    assert reason not in _page(as_bob, search)


def test_a_refused_change_keeps_what_was_entered(as_bob: Client, make_search: Any) -> None:
    response = _change(as_bob, make_search(), max_time="soon")
    assert response.status_code == 422
    assert 'value="soon"' in response.content.decode()
    assert "90, 30m, 2h or 1d" in response.content.decode()


def test_time_that_passes_is_news(as_dora: Client, make_search: Any, monkeypatch: Any) -> None:
    search = make_search(max_time=3600)
    monkeypatch.setattr("tuning.analysis.limits.time.time", lambda: 1000.0)
    page = _page(as_dora, search)
    url, revision = reverse("search-live", args=[search]), search.revision
    assert "&amp;clock=100" in page
    assert as_dora.get(url, {"since": revision, "clock": "100"}).status_code == 204
    monkeypatch.setattr("tuning.analysis.limits.time.time", lambda: 1010.0)
    assert as_dora.get(url, {"since": revision, "clock": "100"}).status_code == 200
    Search.objects.update(status=SearchStatus.COMPLETED)
    assert "clock=" not in _page(as_dora, search)


def test_only_editors_change_limits(as_dora: Client, as_charlie: Client, make_search: Any) -> None:
    search = make_search()
    assert _change(as_dora, search, target_score="0.9").status_code in (403, 404)
    assert _change(as_charlie, search, target_score="0.9").status_code == 404
    search.refresh_from_db()
    assert search.target_score is None
    settings = as_dora.get(reverse("search-settings", args=[search])).content.decode()
    assert "Save limits" not in settings


def test_while_it_ends_the_page_says_why(as_dora: Client, make_search: Any) -> None:
    search = make_search(target_score=0.9)
    Search.objects.update(end_reason="Reached the target score 0.9 with trial 3.")
    live = as_dora.get(reverse("search-live", args=[search])).content.decode()
    assert "Reached the target score 0.9 with trial 3. Running trials are finished" in live
