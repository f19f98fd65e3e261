"""Following a search: its page, its live fragments, its plots, its table."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tuning.models import Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status


def _live(client: Client, search: Search, **query: Any) -> Any:
    return client.get(reverse("search-live", args=[search.pk]), query)


def test_the_page_shows_best_baseline_and_difference(as_dora: Client, search: Search) -> None:
    response = as_dora.get(reverse("search-detail", args=[search.pk]))
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
    page = as_alice.get(reverse("search-detail", args=[search.pk])).content.decode()
    pieces = _live(as_alice, search).content.decode()
    for name in ("poll", "head", "hero", "failures", "now", "result", "best"):
        assert f'id="search-{name}"' in page
        assert f'id="search-{name}"' in pieces
    assert pieces.count('hx-swap-oob="true"') == 8


def test_a_finished_search_is_not_polled(as_alice: Client, search: Search) -> None:
    page = as_alice.get(reverse("search-detail", args=[search.pk])).content.decode()
    assert "hx-trigger" not in page


def test_a_failed_search_shows_its_first_reason(
    as_alice: Client, make_search: Any, add_trial: Any
) -> None:
    search = make_search()
    add_trial(search, 1, None, status=Status.FAILED, failure_code="out_of_memory", end_order=1)
    Search.objects.filter(pk=search.pk).update(
        status=SearchStatus.FAILED, failure_message="5 failures in a row."
    )
    page = as_alice.get(reverse("search-detail", args=[search.pk])).content.decode()
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
    plots = as_alice.get(reverse("search-plots", args=[search.pk])).json()
    assert plots["running"]["curves"] == [{"name": "trial 1", "epochs": [1], "values": [0.4]}]


def test_sorting_by_score_shows_the_best_first(as_alice: Client, search: Search) -> None:
    url = reverse("search-detail", args=[search.pk])

    def order(sort: str) -> list[int]:
        table = as_alice.get(url, {"sort": sort}).context["table"]
        return [row.trial.number for row in table.rows]

    assert order("score") == [3, 1, 2]
    assert order("-score") == [2, 1, 3]
    assert order("-hp:units") == [3, 2, 1]
    assert order("nonsense") == [1, 2, 3]


def test_values_that_were_not_in_use_are_empty(as_alice: Client, search: Search) -> None:
    table = as_alice.get(reverse("search-detail", args=[search.pk])).context["table"]
    names = [column.name for column in table.values]
    assert table.rows[0].values[names.index("momentum")] is None


def test_a_hundred_trials_a_page(as_alice: Client, search: Search) -> None:
    Trial.objects.bulk_create(
        Trial(search=search, number=number, status=Status.COMPLETED, score=0.5)
        for number in range(4, 254)
    )
    response = as_alice.get(reverse("search-detail", args=[search.pk]), {"page": 3})
    assert len(response.context["table"].rows) == 53


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, search: Search, django_assert_num_queries: Any
) -> None:
    url = reverse("search-detail", args=[search.pk])
    with django_assert_num_queries(17):
        as_alice.get(url)
    Trial.objects.bulk_create(
        Trial(search=search, number=number, status=Status.RUNNING) for number in range(4, 54)
    )
    with django_assert_num_queries(17):
        as_alice.get(url)
