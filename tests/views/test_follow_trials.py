"""Following the trials page: news cost little, are shared, and show nobody what is another's."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.analysis.plots import PLOTS
from tuning.models import Membership, SavedView, Search, Star


def _news(client: Client, search: Search, query: str = "", **more: Any) -> Any:
    url = f"{reverse('trial-list', args=[search])}?{query}"
    return client.get(url, more, headers={"HX-Request": "true"})


def _text(client: Client, search: Search, query: str = "") -> str:
    text: str = _news(client, search, query).content.decode()
    return text


def test_no_news_cost_few_queries(
    as_dora: Client, search: Search, django_assert_num_queries: Any
) -> None:
    # The session, the person, the search if they may see it.
    with django_assert_num_queries(3):
        response = _news(as_dora, search, since=search.revision)
    assert response.status_code == 204


def test_who_leaves_the_team_follows_no_more(as_bob: Client, bob: User, search: Search) -> None:
    assert _news(as_bob, search).status_code == 200
    Membership.objects.filter(user=bob).delete()
    assert _news(as_bob, search, since=search.revision).status_code == 404
    assert _news(as_bob, search).status_code == 404


def test_news_are_made_once_for_all_who_see_the_same(
    as_alice: Client, as_bob: Client, search: Search, django_assert_num_queries: Any
) -> None:
    query = "score__gt=0.1&sort=score"
    _news(as_alice, search, query)
    # The session, the person, the search, what there is to read a selection, the role, the stars.
    with django_assert_num_queries(6):
        _news(as_bob, search, query)
    assert 'id="row-3"' in _text(as_bob, search, query)
    assert 'id="row-3"' not in _text(as_bob, search, "score__lt=0.1")


def test_who_may_only_look_gets_no_buttons(
    as_alice: Client, as_dora: Client, search: Search
) -> None:
    assert 'id="refine"' in _text(as_alice, search)
    assert 'id="refine"' not in _text(as_dora, search)


def test_stars_are_each_persons_own(
    as_alice: Client, as_bob: Client, bob: User, search: Search
) -> None:
    trial = search.trials.get(number=2)
    Star.objects.create(project=search.project, user=bob, trial=trial)
    assert "starred by you" in _text(as_bob, search)
    assert "starred by you" not in _text(as_alice, search)
    assert 'id="row-2"' in _text(as_bob, search, "stars__by=me")
    assert 'id="row-2"' not in _text(as_alice, search, "stars__by=me")


def test_the_name_of_ones_own_view_is_not_shared(
    as_alice: Client, as_bob: Client, bob: User, search: Search
) -> None:
    view = SavedView.objects.create(
        project=search.project, owner=bob, name="Bob's secret", query="sort=score"
    )
    query = f"sort=score&view={view.pk}"
    assert "Bob&#x27;s secret" in _text(as_bob, search, query)
    assert "secret" not in _text(as_alice, search, query)


def test_what_was_not_understood_is_said_to_the_one_who_asked(
    as_alice: Client, as_bob: Client, search: Search
) -> None:
    assert "no such column" in _text(as_alice, search, "nonsense__lt=1")
    assert "no such column" not in _text(as_bob, search)


@pytest.mark.parametrize("name", PLOTS)
def test_plots_are_shared_by_those_who_see_the_same(
    as_alice: Client, as_dora: Client, search: Search, name: str
) -> None:
    url = reverse("search-plot", args=[search, name])
    first = as_alice.get(url, {"score__gt": "0.1"})
    assert first.json()["version"]
    assert as_dora.get(url, {"score__gt": "0.1"}).content == first.content
    assert as_dora.get(url, {"score__gt": "0.86"}).status_code == 200
