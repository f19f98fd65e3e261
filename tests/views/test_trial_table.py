"""The page of a search's trials: what it shows, and that its address has all of it."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tuning.models import Cells, Search, Trial
from tuning.protocol.statuses import Status


def _page(client: Client, search: Search, query: str = "", **headers: str) -> Any:
    url = f"{reverse('trial-list', args=[search.pk])}?{query}"
    return client.get(url, headers=headers)


def _numbers(response: Any) -> list[int]:
    return [row.trial.number for row in response.context["table"].rows]


def _add(search: Search, count: int, **settings: Any) -> None:
    """Many trials after those that are there."""
    first = search.trials.count() + 1
    values = {"status": Status.COMPLETED, "score": 0.5, **settings}
    Trial.objects.bulk_create(
        Trial(search=search, number=number, **values) for number in range(first, first + count)
    )
    Cells.objects.fill(search)


def test_sorting_by_score_shows_the_best_first(as_dora: Client, search: Search) -> None:
    assert _numbers(_page(as_dora, search)) == [1, 2, 3]
    assert _numbers(_page(as_dora, search, "sort=score")) == [3, 1, 2]
    assert _numbers(_page(as_dora, search, "sort=-score")) == [2, 1, 3]
    assert _numbers(_page(as_dora, search, "sort=-hp:units")) == [3, 2, 1]
    assert _numbers(_page(as_dora, search, "sort=nonsense")) == [1, 2, 3]


def test_values_that_were_not_in_use_are_empty(as_alice: Client, search: Search) -> None:
    table = _page(as_alice, search, "column=hp:momentum&column=hp:units").context["table"]
    assert [cell.text for cell in table.rows[0].cells] == ["1", "", "8"]


def test_a_hundred_trials_a_page(as_alice: Client, search: Search) -> None:
    _add(search, 250)
    assert _numbers(_page(as_alice, search, "page=3")) == list(range(201, 254))
    page = _page(as_alice, search, "page=9").content.decode()
    assert "Trials 201 to 253 of 253" in page


def test_scripts_get_the_changing_parts(as_alice: Client, search: Search) -> None:
    page = _page(as_alice, search, "sort=score").content.decode()
    pieces = _page(as_alice, search, "sort=score", HX_Request="true").content.decode()
    assert "<html" not in pieces
    for name in ("search-head", "selection", "trial-filters", "trial-table"):
        assert f'id="{name}"' in page
        assert f'id="{name}"' in pieces
    assert 'data-query="sort=score"' in pieces


def test_no_news_is_204(as_alice: Client, search: Search) -> None:
    query = f"sort=score&since={search.revision}"
    assert _page(as_alice, search, query, HX_Request="true").status_code == 204
    Search.objects.touch(search.pk)
    response = _page(as_alice, search, query, HX_Request="true")
    assert f'data-revision="{search.revision + 1}"' in response.content.decode()


def test_the_number_of_queries_does_not_grow(
    as_alice: Client, search: Search, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(11):
        _page(as_alice, search, "sort=score&score__gt=0.1")
    _add(search, 50)
    with django_assert_num_queries(11):
        _page(as_alice, search, "sort=score&score__gt=0.1")
