"""Stars: everybody's own, seen by the team; and the marks that rows of a table show."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions import notes as actions
from tuning.analysis.notes import Marks, marks_of
from tuning.models import Project, Search, Star, Trial


def test_bob_stars_a_trial_and_takes_it_back(as_bob: Client, best: Trial) -> None:
    url = reverse("trial-star", args=[best])
    page = as_bob.post(url, {"on": "1"}, follow=True).content.decode()
    assert 'aria-pressed="true"' in page
    assert "Starred by bob" in page
    as_bob.post(url, {"on": "0"})
    assert not Star.objects.exists()


def test_pressing_twice_is_one_star(as_bob: Client, search: Search) -> None:
    url = reverse("search-star", args=[search])
    for _ in range(2):
        as_bob.post(url, {"on": "1"})
    assert Star.objects.get().search == search


def test_dora_may_star_though_she_only_looks(as_dora: Client, best: Trial, dora: User) -> None:
    as_dora.post(reverse("trial-star", args=[best]), {"on": "1"})
    assert Star.objects.get().user == dora


def test_taking_back_leaves_the_stars_of_others(
    as_bob: Client, as_dora: Client, best: Trial, dora: User
) -> None:
    url = reverse("trial-star", args=[best])
    for client in (as_bob, as_dora):
        client.post(url, {"on": "1"})
    as_bob.post(url, {"on": "0"})
    assert Star.objects.get().user == dora


def test_charlie_finds_nothing_to_star(as_charlie: Client, best: Trial, search: Search) -> None:
    for url in (reverse("trial-star", args=[best]), reverse("search-star", args=[search])):
        assert as_charlie.post(url, {"on": "1"}).status_code == 404
    assert not Star.objects.exists()


def test_htmx_gets_the_button_alone(as_bob: Client, best: Trial) -> None:
    url = reverse("trial-star", args=[best])
    piece = as_bob.post(url, {"on": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in piece
    assert 'aria-pressed="true"' in piece


def test_who_follows_a_search_is_told(as_bob: Client, best: Trial) -> None:
    before = Search.objects.get(pk=best.search_id).revision
    as_bob.post(reverse("trial-star", args=[best]), {"on": "1"})
    assert Search.objects.get(pk=best.search_id).revision > before


def test_marks_of_many_trials_take_three_queries(
    search: Search, alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    first, second, third = search.trials.all()
    actions.star(alice, [first, second])
    actions.star(bob, [first])
    actions.tag(bob, [first], ["slow", "check"])
    actions.comment(bob, second, "Hm.")
    with django_assert_num_queries(3):
        marks = marks_of(alice, [first, second, third])
    assert marks == {
        first.pk: Marks(starred_by_me=True, stars=2, tags=["check", "slow"]),
        second.pk: Marks(starred_by_me=True, stars=1, comments=1),
        third.pk: Marks(),
    }
    assert not marks_of(bob, [second.pk])[second.pk].starred_by_me


# --- Many trials at once ----------------------------------------------------------------------


def test_dora_stars_the_rows_that_she_chose(
    as_dora: Client, search: Search, project: Project
) -> None:
    chosen = list(search.trials.values_list("pk", flat=True))[:2]
    url = reverse("project-mark", args=[project.pk])
    address = reverse("search-detail", args=[search])
    data = {"mark": "star", "trial": chosen, "next": address}
    response = as_dora.post(url, data, follow=True)
    assert response.redirect_chain == [(address, 302)]
    assert "Starred 2 trials." in response.content.decode()
    assert set(Star.objects.values_list("trial", flat=True)) == set(chosen)
    as_dora.post(url, {**data, "mark": "unstar"})
    assert not Star.objects.exists()


def test_next_leads_nowhere_else(as_bob: Client, best: Trial, project: Project) -> None:
    url = reverse("project-mark", args=[project.pk])
    data = {"mark": "star", "trial": best.pk, "next": "https://elsewhere.example/"}
    assert as_bob.post(url, data)["Location"] == reverse("project-detail", args=[project.pk])


def test_trials_of_other_projects_are_left_alone(
    as_charlie: Client, as_alice: Client, best: Trial, project: Project
) -> None:
    other = Project.objects.create(
        team=project.team, name="Other", dataset=project.dataset, hypermodel=project.hypermodel
    )
    data = {"mark": "star", "trial": best.pk}
    as_alice.post(reverse("project-mark", args=[other.pk]), data)
    assert as_charlie.post(reverse("project-mark", args=[project.pk]), data).status_code == 404
    assert not Star.objects.exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"mark": "star"}, "Select at least one trial."),
        ({"mark": "star", "trial": "x"}, "“x” is not a trial."),
        ({"mark": "tag", "trial": "1"}, "Enter a tag."),
        (
            {"mark": "tag", "trial": "1", "names": "x" * 41},
            "exceeds the limit of 40 characters per tag",
        ),
        ({"mark": "eat", "trial": "1"}, "eat is not one of the available choices"),
    ],
)
def test_what_cannot_be_marked_is_said(
    data: dict[str, str], sentence: str, as_bob: Client, project: Project
) -> None:
    url = reverse("project-mark", args=[project.pk])
    assert sentence in as_bob.post(url, data, follow=True).content.decode()


def test_htmx_loads_the_table_anew(as_bob: Client, best: Trial, project: Project) -> None:
    url = reverse("project-mark", args=[project.pk])
    data = {"mark": "star", "trial": best.pk}
    response = as_bob.post(url, data, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")
