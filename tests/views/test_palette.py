"""The palette finds what a person may see, by names and by numbers."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import SavedModel, Search, Trial


def _found(client: Client, query: str) -> list[tuple[str, str]]:
    items = client.get(reverse("palette"), {"q": query}).context["items"]
    return [(item.kind, item.label) for item in items]


def test_a_trial_is_found_by_its_number(as_dora: Client, search: Search, best: Trial) -> None:
    for query in ("trial 3", "#3", "Trial 3 search 1", "search 1 trial 3", "digits #3"):
        assert _found(as_dora, query) == [("Trial", "Trial 3")], query
    (item,) = as_dora.get(reverse("palette"), {"q": "#3"}).context["items"]
    assert item.url == reverse("trial-detail", args=[best])
    for query in ("trial 4", "search 2 trial 3", "#999999999", "nowhere #3"):
        assert _found(as_dora, query) == [], query


def test_searches_projects_and_models_are_found_by_name(
    as_dora: Client, search: Search, saved_model: SavedModel
) -> None:
    assert _found(as_dora, "search 1") == [("Search", "Search 1")]
    found = _found(as_dora, "digit")
    assert {kind for kind, _ in found} >= {"Project", "Search", "Model"}
    Search.objects.update(name="Nightly")
    assert ("Search", "Search 1: Nightly") in _found(as_dora, "NIGHT digits")


def test_pages_are_found_by_their_words(as_charlie: Client) -> None:
    assert _found(as_charlie, "password") == [("Page", "Profile")]
    assert ("Page", "New project") in _found(as_charlie, "")
    assert _found(as_charlie, "new proj") == [("Page", "New project")]


def test_strangers_find_nothing_of_others(
    as_charlie: Client, search: Search, saved_model: SavedModel
) -> None:
    for query in ("#3", "search 1", "digits project", "trial 3"):
        assert {kind for kind, _ in _found(as_charlie, query)} <= {"Page", "Dataset", "Template"}


@pytest.mark.parametrize("query", ["\x00", "%", "'; --", "#" * 300, "trial 99999999999999999999"])
def test_odd_queries_are_answered(query: str, as_dora: Client, search: Search) -> None:
    assert as_dora.get(reverse("palette"), {"q": query}).status_code == 200


def test_the_number_of_queries_does_not_grow(
    as_dora: Client, search: Search, make_search: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(2, 20):
        make_search(number=number)
    with django_assert_max_num_queries(9):
        as_dora.get(reverse("palette"), {"q": "digits"}, headers={"HX-Request": "true"})
