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
def numbers(search: Search) -> list[str]:
    """Of the three trials of a search, as addresses have them."""
    return [f"{search.number}.{number}" for number in (1, 2, 3)]


def _page(client: Client, url: str, trials: list[Any], **options: Any) -> str:
    response = client.get(url, {"trial": trials, **options}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_values_metrics_and_settings_stand_side_by_side(
    as_dora: Client, url: str, numbers: list[str]
) -> None:
    page = _page(as_dora, url, [numbers[2], numbers[0]])
    assert page.index("Search 1, trial 3") < page.index("Search 1, trial 1")
    for words in ("Score (val_accuracy)", "learning_rate", "Resource use", "Test CNN"):
        assert words in page
    best = re.findall(r">([\d.]+)(?:</span>)?\s+<span\s+class=\"tag accent\">best", page)
    # The score, and the same metric at its best and at its end. The other metrics are the same.
    assert best == ["0.9500"] * 3


def test_trials_of_several_searches_are_compared(
    as_alice: Client, url: str, numbers: list[str], make_search: Any, add_trial: Any
) -> None:
    add_trial(make_search(epochs=7), 1, 0.7)
    page = _page(as_alice, url, [numbers[0], "2.1"])
    assert "Search 2, trial 1" in page
    assert "Max epochs" in page


def test_only_differences(as_alice: Client, url: str, numbers: list[str]) -> None:
    assert "optimizer" in _page(as_alice, url, numbers[:2])
    page = _page(as_alice, url, numbers[:2], differences="1")
    assert "optimizer" not in page
    assert "units" in page
    # The link back shows all rows again.
    assert f'href="?trial={numbers[0]}&amp;trial={numbers[1]}"' in page


def test_another_reference(as_alice: Client, url: str, numbers: list[str]) -> None:
    for number, layers in enumerate(["dense (Dense)", "dense (Dense)\nlast (Last)", ""], start=1):
        Trial.objects.filter(number=number).update(layers=layers)
    assert "layer-added" in _page(as_alice, url, numbers[:2])
    page = _page(as_alice, url, numbers[:2], against=numbers[1])
    assert "layer-added" not in page
    assert "layer-none" in page


def test_a_link_removes_a_trial(as_alice: Client, url: str, numbers: list[str]) -> None:
    page = _page(as_alice, url, numbers)
    assert f'href="?trial={numbers[0]}&amp;trial={numbers[2]}"' in page


@pytest.mark.parametrize(
    "text", ["999999", "9.9", "1.x", "x", "-1", "99999999999999999999", "1 OR 1=1"]
)
def test_what_is_not_there_is_said(
    text: str, as_alice: Client, url: str, numbers: list[str]
) -> None:
    page = _page(as_alice, url, [*numbers, text])
    assert "1 trial in this URL is not part of this project" in page
    assert "Search 1, trial 3" in page


def test_trials_of_strangers_and_of_other_projects_look_like_none(
    as_alice: Client,
    as_charlie: Client,
    url: str,
    numbers: list[str],
    project: Project,
    search: Search,
) -> None:
    assert as_charlie.get(url, {"trial": numbers}).status_code == 404
    elsewhere = Project.objects.create(
        team=Team.objects.exclude(pk=project.team_id).get(), name="Secret",
        dataset=project.dataset, hypermodel=project.hypermodel,
    )  # fmt: skip
    hidden = Search.objects.create(
        project=elsewhere, number=1, objective="secret_metric", direction="min"
    )
    trial = Trial.objects.create(search=hidden, number=77)
    page = _page(as_alice, url, [numbers[0], trial.pk])
    assert "1 trial in this URL is not part of this project" in page
    assert "trial 77" not in page
    plots = as_alice.get(
        reverse("trial-compare-plots", args=[project.pk]), {"trial": [trial.pk]}
    ).json()
    assert plots["trials"] == []


def test_one_trial_is_told_to_find_another(as_alice: Client, url: str, numbers: list[str]) -> None:
    assert "Add at least one more trial" in _page(as_alice, url, numbers[:1])


def test_without_trials_it_says_what_to_do(as_alice: Client, url: str, search: Search) -> None:
    assert "Nothing to compare yet" in as_alice.get(url).content.decode()


def test_more_than_ten_are_too_many(
    as_alice: Client, url: str, search: Search, add_trial: Any
) -> None:
    more = [f"1.{add_trial(search, number, 0.5).number}" for number in range(4, 16)]
    page = _page(as_alice, url, more)
    assert "You can compare up to 10 trials. This URL has 12" in page
    assert "Add trial" not in page
    assert "trial 13" in page
    assert "trial 14" not in page


def test_trials_are_added_from_their_pages(
    as_dora: Client, url: str, numbers: list[str], search: Search
) -> None:
    link = f"{url}?add={numbers[0]}"
    assert (
        link
        in as_dora.get(reverse("trial-detail", args=[search.trials.get(number=1)])).content.decode()
    )
    first = as_dora.get(link)
    assert first["Location"] == f"{url}?trial={numbers[0]}"
    as_dora.post(f"{url}remember/", {"trial": numbers[0]})
    second = as_dora.get(url, {"add": numbers[2]})
    assert second["Location"] == f"{url}?trial={numbers[0]}&trial={numbers[2]}"


def test_what_was_compared_is_remembered_and_can_be_emptied(
    as_alice: Client, url: str, numbers: list[str]
) -> None:
    page = as_alice.get(url, {"trial": numbers}).content.decode()
    assert f'hx-post="{url}remember/" hx-trigger="load"' in page
    assert "last comparison" not in as_alice.get(url).content.decode(), "reading changes nothing"
    as_alice.post(f"{url}remember/", {"trial": numbers})
    assert "Resume last comparison (3 trials)" in as_alice.get(url).content.decode()
    page = as_alice.get(url, {"trial": numbers}).content.decode()
    assert "remember/" not in page, "it is known"
    as_alice.post(f"{url}remember/", {"trial": ""})
    assert "last comparison" not in as_alice.get(url).content.decode()
    assert as_alice.get(url, {"add": numbers[1]})["Location"] == f"{url}?trial={numbers[1]}"


def test_each_project_and_each_person_has_a_basket(
    as_alice: Client, as_bob: Client, url: str, numbers: list[str]
) -> None:
    as_alice.post(f"{url}remember/", {"trial": numbers})
    assert as_bob.get(url, {"add": numbers[0]})["Location"] == f"{url}?trial={numbers[0]}"


def test_a_deleted_trial_leaves_the_basket(as_alice: Client, url: str, numbers: list[str]) -> None:
    as_alice.post(f"{url}remember/", {"trial": numbers[:2]})
    Trial.objects.filter(number=1).delete()
    assert (
        as_alice.get(url, {"add": numbers[2]})["Location"]
        == f"{url}?trial={numbers[1]}&trial={numbers[2]}"
    )


def test_a_trial_is_added_by_search_and_number(
    as_alice: Client, url: str, numbers: list[str], search: Search
) -> None:
    asked = {"trial": numbers[0], "search": search.number, "number": 3}
    assert as_alice.get(url, asked)["Location"] == f"{url}?trial={numbers[0]}&trial={numbers[2]}"


@pytest.mark.parametrize("number", ["99", "x", "9999999999999999999999"])
def test_a_number_that_is_not_there_is_said_and_nothing_is_lost(
    number: str, as_alice: Client, url: str, numbers: list[str], search: Search
) -> None:
    asked = {"trial": numbers[:2], "search": search.number, "number": number}
    response = as_alice.get(url, asked, follow=True)
    page = response.content.decode()
    assert f"Trial {number[:20]} not found in this search." in page
    assert response.redirect_chain == [(f"{url}?trial={numbers[0]}&trial={numbers[1]}", 302)]


def test_running_trials_are_followed(as_dora: Client, project: Project, make_search: Any) -> None:
    make_search()
    Trial.objects.update(status=Status.RUNNING, attempt=1, epochs_done=1)
    live = reverse("trial-compare-live", args=[project.pk])
    page = _page(as_dora, reverse("trial-compare", args=[project.pk]), ["1.1"])
    polled = f"{live}?trial=1.1&amp;since="
    assert polled in page
    since = page.split(polled)[1].split('"')[0]
    assert as_dora.get(live, {"trial": "1.1", "since": since}).status_code == 204
    Trial.objects.update(epochs_done=2)
    news = as_dora.get(live, {"trial": "1.1", "since": since})
    assert news.status_code == 200
    assert "hx-get" in news.content.decode()
    Trial.objects.update(status=Status.COMPLETED)
    ended = as_dora.get(live, {"trial": "1.1", "since": since})
    assert "hx-get" not in ended.content.decode()


def test_the_number_of_queries_is_small(
    as_alice: Client, url: str, search: Search, add_trial: Any, django_assert_max_num_queries: Any
) -> None:
    more = [f"1.{add_trial(search, number, 0.5).number}" for number in range(4, 14)]
    as_alice.get(url, {"trial": more})
    with django_assert_max_num_queries(10):
        as_alice.get(url, {"trial": more})


def test_a_page_with_everything_has_no_inline_style(
    as_alice: Client, url: str, numbers: list[str]
) -> None:
    Trial.objects.update(layers="dense (Dense)")
    page = _page(as_alice, url, numbers)
    assert " style=" not in page
    assert "<style" not in page


def test_an_address_with_keys_leads_to_one_with_numbers(
    as_dora: Client, as_charlie: Client, url: str, search: Search
) -> None:
    keys = search.trials.values_list("pk", flat=True)
    moved = as_dora.get(url, {"trial": keys, "against": keys[1], "differences": "1"})
    numbers = "trial=1.1&trial=1.2&trial=1.3"
    assert moved["Location"] == f"{url}?{numbers}&differences=1&against=1.2"
    assert as_dora.get(url, {"add": keys[1]})["Location"] == f"{url}?trial=1.2"
    assert as_charlie.get(url, {"trial": keys}).status_code == 404


def test_adding_a_trial_keeps_baseline_and_differences(
    as_alice: Client, url: str, numbers: list[str]
) -> None:
    query = {"trial": numbers[:2], "against": numbers[1], "differences": "1"}
    form = as_alice.get(url, query).content.decode().partition('class="compare-add"')[2]
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert fields == {"trial": numbers[1], "against": numbers[1], "differences": "1"}
    answer = as_alice.get(url, {**query, "search": "1", "number": "3"})
    shown = as_alice.get(answer["Location"])
    assert [row.number for row in shown.context["chosen"].rows] == [1, 2, 3]
    assert shown.context["chosen"].options == {"against": numbers[1], "differences": "1"}
