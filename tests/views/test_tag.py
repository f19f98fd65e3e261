"""Tags: words of a project on its trials and searches, for those who may edit."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions import notes as actions
from tuning.models import Project, Search, Tag, Trial


def names() -> list[str]:
    return list(Tag.objects.values_list("name", flat=True))


def test_bob_tags_a_trial(as_bob: Client, best: Trial, bob: User) -> None:
    url = reverse("trial-tags", args=[best])
    page = as_bob.post(url, {"names": "  Large   nets "}, follow=True).content.decode()
    assert "Remove the tag Large nets" in page
    tag = Tag.objects.get()
    assert (tag.name, tag.created_by, tag.project) == ("Large nets", bob, best.search.project)


def test_commas_make_several(as_bob: Client, search: Search) -> None:
    as_bob.post(reverse("search-tags", args=[search]), {"names": "b, a,,a , "})
    assert names() == ["a", "b"]


def test_case_makes_no_other_tag(as_bob: Client, search: Search) -> None:
    first, second, _ = search.trials.all()
    for trial, name in ((first, "Große Netze"), (first, "GROSSE netze"), (second, "große NETZE")):
        as_bob.post(reverse("trial-tags", args=[trial]), {"names": name})
    assert names() == ["Große Netze", "Große Netze"]
    as_bob.post(reverse("trial-tags", args=[second]), {"remove": "GROSSE NETZE"})
    assert list(Tag.objects.values_list("trial", flat=True)) == [first.pk]


def test_the_database_knows_it_too(best: Trial, bob: User) -> None:
    project = best.search.project
    Tag.objects.bulk_create(
        [Tag(project=project, trial=best, name=name, created_by=bob) for name in ("good", "Good")],
        ignore_conflicts=True,
    )
    assert names() == ["good"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("x" * 41, "exceeds the limit of 40 characters per tag"),
        (" , ", "Enter a tag."),
        ("", "Enter a tag."),
        ("a\x1bb", "A name is one line."),
        (",".join(map(str, range(21))), "Add at most 20 tags at once."),
    ],
)
def test_what_is_no_tag_is_said_and_stays_in_the_form(
    given: str, sentence: str, as_bob: Client, best: Trial
) -> None:
    url = reverse("trial-tags", args=[best])
    for headers in ({}, {"HX-Request": "true"}):
        response = as_bob.post(url, {"names": given}, headers=headers)
        assert response.status_code == 422
        page = response.content.decode()
        assert sentence in page
        assert f'value="{given}"' in page
    assert names() == []


def test_the_words_of_the_project_are_offered(
    as_bob: Client, search: Search, best: Trial, bob: User
) -> None:
    actions.tag(bob, [search], ["promising"])
    page = as_bob.get(reverse("trial-detail", args=[best])).content.decode()
    assert '<option value="promising">' in page


def test_a_tag_leads_to_the_trials_that_have_it(as_dora: Client, best: Trial, bob: User) -> None:
    actions.tag(bob, [best], ["small & fast"])
    page = as_dora.get(reverse("trial-detail", args=[best])).content.decode()
    link = re.search(r'href="([^"]+tags__any=[^"]+)"', page)
    assert link
    table = as_dora.get(unescape(link[1])).content.decode()
    assert re.findall(r'data-trial="(\d+)"', table) == [str(best.pk)]


def test_dora_sees_tags_and_cannot_change_them(as_dora: Client, best: Trial, bob: User) -> None:
    actions.tag(bob, [best], ["promising"])
    page = as_dora.get(reverse("trial-detail", args=[best])).content.decode()
    assert "promising" in page
    assert "Remove the tag" not in page
    assert "Add tag" not in page
    for data in ({"names": "mine"}, {"remove": "promising"}):
        assert as_dora.post(reverse("trial-tags", args=[best]), data).status_code == 403
    assert names() == ["promising"]


def test_a_tag_is_text(as_bob: Client, best: Trial) -> None:
    as_bob.post(reverse("trial-tags", args=[best]), {"names": "<b onclick=x>"})
    page = as_bob.get(reverse("trial-detail", args=[best])).content.decode()
    assert "<b onclick" not in page
    assert "&lt;b onclick" in page


# --- Many trials at once ----------------------------------------------------------------------


def test_bob_tags_the_rows_that_he_chose(as_bob: Client, search: Search, project: Project) -> None:
    chosen = list(search.trials.values_list("pk", flat=True))
    url = reverse("project-mark", args=[project.pk])
    data: dict[str, Any] = {"mark": "tag", "trial": chosen, "names": "slow, Check"}
    page = as_bob.post(url, data, follow=True).content.decode()
    assert "Tagged 3 trials “slow” and “Check”." in page
    assert Tag.objects.filter(name="Check").count() == 3
    as_bob.post(url, {"mark": "untag", "trial": chosen[:2], "names": "check"})
    assert Tag.objects.filter(name="Check").count() == 1
    assert Tag.objects.filter(name="slow").count() == 3


def test_dora_tags_no_rows(as_dora: Client, best: Trial, project: Project) -> None:
    url = reverse("project-mark", args=[project.pk])
    data = {"mark": "tag", "trial": best.pk, "names": "slow"}
    assert as_dora.post(url, data).status_code == 403
    assert names() == []
