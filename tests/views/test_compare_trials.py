"""Trials side by side: the address, the basket, what the page says about odd requests."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Project, Search, Team, Trial
from tuning.protocol.statuses import Status


@pytest.fixture
def url(project: Project) -> str:
    return reverse("trial-compare", args=[project.pk])


@pytest.fixture
def keys(search: Search) -> list[int]:
    """Of the three trials of a search."""
    return list(search.trials.values_list("pk", flat=True))


def _page(client: Client, url: str, trials: list[Any], **options: Any) -> str:
    response = client.get(url, {"trial": trials, **options}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_values_metrics_and_settings_stand_side_by_side(
    as_dora: Client, url: str, keys: list[int]
) -> None:
    page = _page(as_dora, url, [keys[2], keys[0]])
    assert page.index("Search 1, trial 3") < page.index("Search 1, trial 1")
    for words in ("Score (val_accuracy)", "learning_rate", "Resource use", "Test CNN"):
        assert words in page
    best = re.findall(r">([\d.]+)(?:</span>)?\s+<span\s+class=\"tag accent\">best", page)
    # The score, and the same metric at its best and at its end. The other metrics are the same.
    assert best == ["0.9500"] * 3


def test_trials_of_several_searches_are_compared(
    as_alice: Client, url: str, keys: list[int], make_search: Any, add_trial: Any
) -> None:
    other = add_trial(make_search(epochs=7), 1, 0.7)
    page = _page(as_alice, url, [keys[0], other.pk])
    assert "Search 2, trial 1" in page
    assert "Max epochs" in page


def test_only_differences(as_alice: Client, url: str, keys: list[int]) -> None:
    assert "optimizer" in _page(as_alice, url, keys[:2])
    page = _page(as_alice, url, keys[:2], differences="1")
    assert "optimizer" not in page
    assert "units" in page
    # The link back shows all rows again.
    assert f'href="?trial={keys[0]}&amp;trial={keys[1]}"' in page


def test_another_reference(as_alice: Client, url: str, keys: list[int]) -> None:
    for pk, layers in zip(keys, ["dense (Dense)", "dense (Dense)\nlast (Last)", ""], strict=True):
        Trial.objects.filter(pk=pk).update(layers=layers)
    assert "layer-added" in _page(as_alice, url, keys[:2])
    page = _page(as_alice, url, keys[:2], against=keys[1])
    assert "layer-added" not in page
    assert "layer-none" in page


def test_a_link_removes_a_trial(as_alice: Client, url: str, keys: list[int]) -> None:
    page = _page(as_alice, url, keys)
    assert f'href="?trial={keys[0]}&amp;trial={keys[2]}"' in page


@pytest.mark.parametrize("text", ["999999", "x", "-1", "99999999999999999999", "1 OR 1=1"])
def test_what_is_not_there_is_said(text: str, as_alice: Client, url: str, keys: list[int]) -> None:
    page = _page(as_alice, url, [*keys, text])
    assert "1 trial in this URL is not part of this project" in page
    assert "Search 1, trial 3" in page


def test_trials_of_strangers_and_of_other_projects_look_like_none(
    as_alice: Client,
    as_charlie: Client,
    url: str,
    keys: list[int],
    project: Project,
    search: Search,
) -> None:
    assert as_charlie.get(url, {"trial": keys}).status_code == 404
    elsewhere = Project.objects.create(
        team=Team.objects.exclude(pk=project.team_id).get(), name="Secret",
        dataset=project.dataset, hypermodel=project.hypermodel,
    )  # fmt: skip
    hidden = Search.objects.create(
        project=elsewhere, number=1, objective="secret_metric", direction="min"
    )
    trial = Trial.objects.create(search=hidden, number=77)
    page = _page(as_alice, url, [keys[0], trial.pk])
    assert "1 trial in this URL is not part of this project" in page
    assert "trial 77" not in page
    plots = as_alice.get(
        reverse("trial-compare-plots", args=[project.pk]), {"trial": [trial.pk]}
    ).json()
    assert plots["trials"] == []


def test_one_trial_is_told_to_find_another(as_alice: Client, url: str, keys: list[int]) -> None:
    assert "Add at least one more trial" in _page(as_alice, url, keys[:1])


def test_without_trials_it_says_what_to_do(as_alice: Client, url: str, search: Search) -> None:
    assert "Nothing to compare yet" in as_alice.get(url).content.decode()


def test_more_than_ten_are_too_many(
    as_alice: Client, url: str, search: Search, add_trial: Any
) -> None:
    more = [add_trial(search, number, 0.5).pk for number in range(4, 16)]
    page = _page(as_alice, url, more)
    assert "You can compare up to 10 trials. This URL has 12" in page
    assert "Add trial" not in page
    assert "trial 13" in page
    assert "trial 14" not in page


def test_trials_are_added_from_their_pages(as_dora: Client, url: str, keys: list[int]) -> None:
    link = f"{url}?add={keys[0]}"
    assert link in as_dora.get(reverse("trial-detail", args=[keys[0]])).content.decode()
    first = as_dora.get(link)
    assert first["Location"] == f"{url}?trial={keys[0]}"
    as_dora.get(first["Location"])
    second = as_dora.get(url, {"add": keys[2]})
    assert second["Location"] == f"{url}?trial={keys[0]}&trial={keys[2]}"


def test_what_was_compared_is_remembered_and_can_be_emptied(
    as_alice: Client, url: str, keys: list[int]
) -> None:
    as_alice.get(url, {"trial": keys})
    assert "Resume last comparison (3 trials)" in as_alice.get(url).content.decode()
    as_alice.get(url, {"trial": ""})
    assert "last comparison" not in as_alice.get(url).content.decode()
    assert as_alice.get(url, {"add": keys[1]})["Location"] == f"{url}?trial={keys[1]}"


def test_each_project_and_each_person_has_a_basket(
    as_alice: Client, as_bob: Client, url: str, keys: list[int]
) -> None:
    as_alice.get(url, {"trial": keys})
    assert as_bob.get(url, {"add": keys[0]})["Location"] == f"{url}?trial={keys[0]}"


def test_a_deleted_trial_leaves_the_basket(as_alice: Client, url: str, keys: list[int]) -> None:
    as_alice.get(url, {"trial": keys[:2]})
    Trial.objects.filter(pk=keys[0]).delete()
    assert (
        as_alice.get(url, {"add": keys[2]})["Location"] == f"{url}?trial={keys[1]}&trial={keys[2]}"
    )


def test_a_trial_is_added_by_search_and_number(
    as_alice: Client, url: str, keys: list[int], search: Search
) -> None:
    asked = {"trial": keys[0], "search": search.pk, "number": 3}
    assert as_alice.get(url, asked)["Location"] == f"{url}?trial={keys[0]}&trial={keys[2]}"


@pytest.mark.parametrize("number", ["99", "x", "9999999999999999999999"])
def test_a_number_that_is_not_there_is_said_and_nothing_is_lost(
    number: str, as_alice: Client, url: str, keys: list[int], search: Search
) -> None:
    asked = {"trial": keys[:2], "search": search.pk, "number": number}
    response = as_alice.get(url, asked, follow=True)
    page = response.content.decode()
    assert f"Trial {number[:20]} not found in this search." in page
    assert response.redirect_chain == [(f"{url}?trial={keys[0]}&trial={keys[1]}", 302)]


def test_running_trials_are_followed(as_dora: Client, project: Project, make_search: Any) -> None:
    trial = make_search().trials.get()
    Trial.objects.update(status=Status.RUNNING, attempt=1, epochs_done=1)
    live = reverse("trial-compare-live", args=[project.pk])
    page = _page(as_dora, reverse("trial-compare", args=[project.pk]), [trial.pk])
    assert f"{live}?trial={trial.pk}&amp;since=" in page
    since = page.split("since=")[1].split('"')[0]
    assert as_dora.get(live, {"trial": trial.pk, "since": since}).status_code == 204
    Trial.objects.update(epochs_done=2)
    news = as_dora.get(live, {"trial": trial.pk, "since": since})
    assert news.status_code == 200
    assert "hx-get" in news.content.decode()
    Trial.objects.update(status=Status.COMPLETED)
    ended = as_dora.get(live, {"trial": trial.pk, "since": since})
    assert "hx-get" not in ended.content.decode()


def test_the_number_of_queries_is_small(
    as_alice: Client, url: str, search: Search, add_trial: Any, django_assert_max_num_queries: Any
) -> None:
    more = [add_trial(search, number, 0.5).pk for number in range(4, 14)]
    as_alice.get(url, {"trial": more})
    with django_assert_max_num_queries(10):
        as_alice.get(url, {"trial": more})


def test_a_page_with_everything_has_no_inline_style(
    as_alice: Client, url: str, keys: list[int]
) -> None:
    Trial.objects.update(layers="dense (Dense)")
    page = _page(as_alice, url, keys)
    assert " style=" not in page
    assert "<style" not in page
