"""A project's Trials tab: the trials of all its searches in one table."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.models import Project, SavedView, Search


@pytest.fixture
def url(project: Project) -> str:
    return reverse("project-trials", args=[project.pk])


@pytest.fixture
def second(search: Search, make_search: Any, add_trial: Any) -> Search:
    found: Search = make_search(name="Wide")
    add_trial(found, 1, 0.85, values={"width": 3})
    add_trial(found, 2, 0.97, values={"width": 4})
    return found


def _table(page: str) -> str:
    return page[page.index('id="trial-table"') : page.index("</table>")]


def test_all_searches_are_in_one_table(as_dora: Client, url: str, second: Search) -> None:
    page = as_dora.get(url, {"sort": "score"}).content.decode()
    table = _table(page)
    first = reverse("trial-detail", args=[second.trials.get(number=2)])
    assert table.index(f'href="{first}"') < table.index('/searches/1/trials/3/"')
    assert table.count("<tr data-trial=") == 5
    assert table.count('<span class="tag accent">best</span>') == 1
    assert 'aria-label="Choose trial 2 of search 2"' in table
    assert f'<a href="{reverse("search-detail", args=[second])}">2</a>' in table
    assert "Wide" in table
    assert "Refine" not in page
    assert "Objective:" not in page, "there is nothing to choose"


def test_a_project_without_searches_says_so(as_dora: Client, url: str) -> None:
    assert "No trials yet" in as_dora.get(url).content.decode()
    assert as_dora.get(f"{url}columns/").status_code == 404


def test_one_objective_is_shown_and_the_others_offered(
    as_dora: Client, url: str, second: Search, make_search: Any, add_trial: Any
) -> None:
    other = make_search(objective="val_loss", direction="min")
    add_trial(other, 1, 0.1)
    page = as_dora.get(url).content.decode()
    assert _table(page).count("<tr data-trial=") == 1
    assert "<b>val_loss (lower is better)</b>" in page
    assert 'href="?objective=max:val_accuracy">val_accuracy (higher is better)</a>' in page
    page = as_dora.get(url, {"objective": "max:val_accuracy"}).content.decode()
    assert _table(page).count("<tr data-trial=") == 5
    # Every link of the table keeps it.
    assert 'href="?objective=max:val_accuracy&amp;sort=score"' in page


def test_exports_have_the_search(as_dora: Client, url: str, second: Search) -> None:
    response = as_dora.get(url, {"format": "csv", "sort": "-search"})
    assert 'filename="test-digits-test-cnn-trials.csv"' in response["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    assert [(row["search"], row["number"]) for row in rows] == [
        ("2", "1"), ("2", "2"), ("1", "1"), ("1", "2"), ("1", "3"),
    ]  # fmt: skip
    assert [row["hp:width"] for row in rows] == ["3", "4", "", "", ""]
    document = json.loads(as_dora.get(url, {"format": "json"}).getvalue())
    assert [each["number"] for each in document["project"]["searches"]] == [2, 1]
    for format in ("latex", "parquet"):
        assert as_dora.get(url, {"format": format}).status_code == 200


def test_news_of_any_search_are_fetched(as_dora: Client, url: str, second: Search) -> None:
    def ask(since: int) -> int:
        found = as_dora.get(url, {"since": since}, headers={"HX-Request": "true"})
        return found.status_code

    revision = sum(Search.objects.values_list("revision", flat=True))
    assert ask(revision) == 204
    Search.objects.touch(second.pk)
    assert ask(revision) == 200


def test_views_of_the_project_open_here_too(
    as_bob: Client, bob: User, url: str, second: Search
) -> None:
    saved = as_bob.post(f"{url}views/", {"name": "Best", "query": "sort=score"})
    view = SavedView.objects.get()
    assert saved["Location"] == f"{url}?sort=score&view={view.pk}"
    opened = as_bob.get(url, {"view": view.pk})
    assert opened["Location"] == f"{url}?sort=score&view={view.pk}"
    renamed = as_bob.post(reverse("view-change", args=[view.pk]), {"name": "Top", "search": ""})
    assert renamed["Location"].startswith(f"{url}?")
    of_search = as_bob.post(reverse("view-change", args=[view.pk]), {"name": "B", "search": "2"})
    assert of_search["Location"].startswith(reverse("trial-list", args=[second]))


def test_the_number_of_queries_does_not_grow_with_searches(
    as_dora: Client, url: str, second: Search, make_search: Any, add_trial: Any,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    for _ in range(6):
        add_trial(make_search(), 1, 0.5)
    with django_assert_max_num_queries(20):
        as_dora.get(url)
