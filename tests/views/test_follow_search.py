"""Following a search: its page, its live fragments, its plots."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.models import Execution, Membership, Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import recorder
from tuning.supervisor.claims import Slot, claim_next


def _live(client: Client, search: Search, **query: Any) -> Any:
    return client.get(reverse("search-live", args=[search]), query)


def test_the_page_shows_best_baseline_and_difference(as_dora: Client, search: Search) -> None:
    response = as_dora.get(reverse("search-detail", args=[search]))
    summary = response.context["summary"]
    assert summary.best.number == 3
    assert summary.baseline.number == 1
    assert "+0.0500 against the baseline" in response.content.decode().replace(
        "</span>", ""
    ).replace('<span title="0.04999999999999993">', "")


def test_no_news_is_204(as_alice: Client, make_search: Any) -> None:
    search = make_search()
    assert _live(as_alice, search, since=search.revision).status_code == 204
    Search.objects.touch(search.pk)
    response = _live(as_alice, search, since=search.revision)
    assert response.status_code == 200
    assert f'data-revision="{search.revision + 1}"' in response.content.decode()


def test_a_worker_that_comes_is_news(as_alice: Client, make_search: Any, worker: Worker) -> None:
    search = make_search()
    assert _live(as_alice, search, since=search.revision, workers=0).status_code == 200
    assert _live(as_alice, search, since=search.revision, workers=1).status_code == 204


def test_every_live_piece_is_on_the_page(as_alice: Client, make_search: Any) -> None:
    search = make_search()
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    pieces = _live(as_alice, search).content.decode()
    names = "poll", "head", "actions", "hero", "failures", "now", "result", "best", "confirmed"
    for name in names:
        assert f'id="search-{name}"' in page
        assert f'id="search-{name}"' in pieces
    assert pieces.count('hx-swap-oob="true"') == 9


def test_what_follows_from_the_end_comes_with_it(as_alice: Client, make_search: Any) -> None:
    """The suggested next step, and where an extension goes."""
    search = make_search()
    names = ("next-step", "extend-hint")
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    assert all(f'id="search-{name}"' in page for name in names)
    running = _live(as_alice, search).content.decode()
    assert not any(f'id="search-{name}"' in running for name in names)
    Search.objects.change_status(search.pk, (SearchStatus.RUNNING,), status=SearchStatus.COMPLETED)
    ended = _live(as_alice, search).content.decode()
    assert all(f'id="search-{name}"' in ended for name in names)
    assert "The search continues where it ended" in ended


def test_a_confirmation_has_no_news_of_an_extension(as_alice: Client, make_search: Any) -> None:
    search = make_search()
    Search.objects.filter(pk=search.pk).update(tuner="given", status=SearchStatus.COMPLETED)
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    assert "search-extend-hint" not in page + _live(as_alice, search).content.decode()


def test_a_finished_search_is_not_polled(as_alice: Client, search: Search) -> None:
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    assert 'hx-trigger="every' not in page.split("<main")[1]


def test_a_failed_search_shows_its_first_reason(
    as_alice: Client, make_search: Any, add_trial: Any
) -> None:
    search = make_search()
    add_trial(search, 1, None, status=Status.FAILED, failure_code="out_of_memory", end_order=1)
    Search.objects.filter(pk=search.pk).update(
        status=SearchStatus.FAILED, failure_message="5 failures in a row."
    )
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    assert "5 failures in a row." in page
    assert "Out of memory" in page
    assert "Use a smaller model or batch size" in page


def test_running_trials_are_shown_with_their_worker(
    as_alice: Client, make_search: Any, add_trial: Any, worker: Worker
) -> None:
    search = make_search(epochs=9)
    add_trial(search, 1, None, status=Status.RUNNING, worker=worker, slot=1, finished_at=None)
    page = _live(as_alice, search).content.decode()
    assert "epoch 3 of 9" in page
    assert "worker@box, slot 1" in page
    plots = as_alice.get(reverse("search-plots", args=[search])).json()
    assert plots["running"]["curves"] == [{"name": "trial 1", "epochs": [1], "values": [0.4]}]


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, search: Search, django_assert_num_queries: Any
) -> None:
    url = reverse("search-detail", args=[search])
    with django_assert_num_queries(23):
        as_alice.get(url)
    Trial.objects.bulk_create(
        Trial(search=search, number=number, status=Status.RUNNING) for number in range(4, 54)
    )
    with django_assert_num_queries(23):
        as_alice.get(url)


def test_no_news_cost_few_queries(
    as_dora: Client, search: Search, django_assert_num_queries: Any
) -> None:
    # The session, the person, the search if they may see it, the workers.
    with django_assert_num_queries(4):
        assert _live(as_dora, search, since=search.revision).status_code == 204


def test_who_leaves_the_team_follows_no_more(as_bob: Client, bob: User, search: Search) -> None:
    assert _live(as_bob, search).status_code == 200
    Membership.objects.filter(user=bob).delete()
    assert _live(as_bob, search, since=search.revision).status_code == 404
    assert _live(as_bob, search).status_code == 404


def test_news_are_made_once_for_all_who_follow(
    as_alice: Client, as_bob: Client, as_dora: Client, search: Search,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    first = _live(as_alice, search).content.decode()
    # The session, the person, the search, the role; the workers once a second.
    with django_assert_max_num_queries(5):
        second = _live(as_bob, search).content.decode()
    assert _without_tokens(first) == _without_tokens(second)
    assert _token(first) != _token(second)
    assert "csrfmiddlewaretoken" not in _live(as_dora, search).content.decode()
    Search.objects.touch(search.pk)
    assert f'data-revision="{search.revision + 1}"' in _live(as_bob, search).content.decode()


def test_a_form_from_shared_news_is_accepted(bob: User, search: Search) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="django.contrib.auth.backends.ModelBackend")
    token = _token(_live(client, search).content.decode())
    url = reverse("trial-retrain", args=[search.trials.get(number=3)])
    assert client.post(url).status_code == 403
    assert client.post(url, {"csrfmiddlewaretoken": token}).status_code in (302, 422)


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', page)
    assert found
    return found[1]


def _without_tokens(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w{64}"', "", page)


def test_the_panel_says_which_executions_other_slots_train(
    as_dora: Client, make_search: Any, worker: Worker
) -> None:
    search = make_search(max_trials=1, executions_per_trial=3)
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    recorder.offer_executions(trial)
    assert isinstance(claim_next(Slot(worker, 1), prefer=search.pk), Execution)
    place = f"{worker}, slot 0; execution 3 on {worker}, slot 1"
    response = _live(as_dora, search)
    assert place in response.content.decode()
    assert len(response.context["free_lines"]) == 0
    assert place in as_dora.get(reverse("trial-detail", args=[trial])).content.decode()
    workers = as_dora.get(reverse("worker-list")).content.decode()
    assert f"Execution 3 of trial 1 of {search}" in workers
    home = as_dora.get(reverse("project-list")).content.decode()
    assert f"0 of {worker.slots} slots free" in home
