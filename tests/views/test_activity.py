"""A project's activity: what the team did, newest first."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions import notes as actions
from tuning.analysis import activity
from tuning.analysis.activity import activity_of
from tuning.models import Comment, Project, SavedModel, SavedView, Search, Star, Tag, Trial


def url(project: Project, query: str = "") -> str:
    return reverse("project-activity", args=[project.pk]) + query


def text_of(client: Client, project: Project, query: str = "") -> str:
    page = client.get(url(project, query)).content.decode()
    main = page[page.index("</form>", page.index("filter-form")) :]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def lines_of(project: Project, user: User, **wanted: str) -> list[tuple[str, int]]:
    """Kind and key of everything, page by page."""
    found: list[tuple[str, int]] = []
    before = ""
    while True:
        page = activity_of(project, user, before=before, **wanted)
        found += [(e.kind, e.pk) for day in page.days for line in day.lines for e in line.events]
        if not page.before:
            return found
        before = page.before


@pytest.fixture
def eventful(
    search: Search, best: Trial, saved_model: SavedModel, make_search: Any, alice: User, bob: User,
    dora: User,
) -> Project:  # fmt: skip
    """One of each: alice's search and model, bob's tag and view, dora's comment and star."""
    project = search.project
    refined = make_search()
    Search.objects.filter(pk=refined.pk).update(refined_from=search)
    actions.tag(bob, [best], ["promising"])
    actions.comment(dora, best, "Is it **overfitting**, @bob?")
    actions.star(dora, [search])
    SavedView.objects.create(project=project, owner=bob, name="Top ten", shared=True)
    return project


def test_everything_is_there_with_who_and_what(eventful: Project, as_dora: Client) -> None:
    text = text_of(as_dora, eventful)
    for sentence in (
        "alice started search 1",
        "Search 1 Completed",
        "alice refined search 1 into search 2",
        "Model of trial 3 of search 1 , retrained for alice Completed",
        "bob tagged trial 3 of search 1 promising",
        "dora commented on trial 3 of search 1 Is it overfitting, @bob?",
        "dora starred search 1",
        "bob saved the view “Top ten” for the team",
    ):
        assert sentence in text
    assert text.index("saved the view") < text.index("tagged") < text.index("started search 1")
    assert text.index("Today") == text.rindex("Today")


def test_links_lead_there(eventful: Project, best: Trial, as_bob: Client) -> None:
    page = as_bob.get(url(eventful)).content.decode()
    comment = Comment.objects.get()
    assert reverse("trial-detail", args=[best]) in page
    assert reverse("comment-detail", args=[comment.pk]) in page
    assert url(eventful) in as_bob.get(f"/projects/{eventful.pk}/").content.decode()


def test_charlie_sees_nothing(eventful: Project, as_charlie: Client) -> None:
    assert as_charlie.get(url(eventful)).status_code == 404


def test_filters(eventful: Project, alice: User, as_bob: Client) -> None:
    assert {kind for kind, _ in lines_of(eventful, alice, kind="comment")} == {"comment"}
    assert {kind for kind, _ in lines_of(eventful, alice, person="dora")} == {"comment", "star"}
    assert lines_of(eventful, alice, kind="tag", person="dora") == []
    assert "No matching activity" in text_of(as_bob, eventful, "?kind=tag&person=dora")
    assert "bob tagged" in text_of(as_bob, eventful, "?kind=tag")
    assert "dora starred" not in text_of(as_bob, eventful, "?kind=tag")


def test_an_empty_project_says_so(project: Project, as_alice: Client) -> None:
    assert "No activity yet." in text_of(as_alice, project)


def test_private_views_stay_private(eventful: Project, as_bob: Client, as_alice: Client) -> None:
    SavedView.objects.update(shared=False)
    assert "Top ten" in text_of(as_bob, eventful)
    assert "Top ten" not in text_of(as_alice, eventful)


def test_imported_searches_were_imported(search: Search, as_bob: Client) -> None:
    Search.objects.update(origin=Search.Origin.TENSORBOARD)
    text = text_of(as_bob, search.project)
    assert "alice imported search 1 from TensorBoard" in text
    assert "Completed" not in text


def test_days_have_heads(eventful: Project, as_bob: Client) -> None:
    now = timezone.now()
    Star.objects.update(created_at=now - timedelta(days=1))
    Comment.objects.update(created_at=datetime(2024, 2, 29, 12, tzinfo=UTC))
    text = text_of(as_bob, eventful)
    assert f"Yesterday, {now - timedelta(days=1):%Y-%m-%d}" in text
    assert "Thursday, 2024-02-29" in text


def test_many_tags_at_once_are_one_line(search: Search, bob: User, as_alice: Client) -> None:
    actions.tag(bob, list(search.trials.all()), ["slow"])
    assert "bob tagged 3 trials of search 1 ( 3 , 2 , 1 ) slow" in text_of(
        as_alice, search.project, "?kind=tag"
    )


@pytest.mark.slow
def test_pages_leave_nothing_out_and_repeat_nothing(
    eventful: Project, alice: User, bob: User, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trial in search.trials.all():
        for number in range(7):
            actions.comment(bob, trial, f"Remark {number}")
        actions.tag(bob, [trial], ["a", "b"])
        actions.star(bob, [trial])
    # Many at the same time: their order is by kind and key then.
    same = timezone.now().replace(microsecond=7)
    for model in (Comment, Tag, Star):
        model.objects.update(created_at=same)
    everything = lines_of(eventful, alice)
    searches_models_views = 5
    assert len(everything) == searches_models_views + (21 + 1) + (6 + 1) + (3 + 1)
    for lines, events in ((1, 3), (3, 100), (50, 4)):
        monkeypatch.setattr(activity, "LINES", lines)
        monkeypatch.setattr(activity, "EVENTS", events)
        assert lines_of(eventful, alice) == everything


@pytest.mark.parametrize("before", ["x", "~~", "2024-13-01~tag~1", "2024-01-01T00:00:00~tag~1",
                                    "2024-01-01T00:00:00+00:00~tag~x", "²~tag~²"])  # fmt: skip
def test_a_broken_address_shows_the_newest(before: str, eventful: Project, as_bob: Client) -> None:
    assert "started search 1" in text_of(as_bob, eventful, f"?before={quote(before)}")


def test_older_leads_on(eventful: Project, as_bob: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "LINES", 4)
    page = as_bob.get(url(eventful)).content.decode()
    older = re.search(r'href="\?([^"]+)">Older', page)
    assert older
    text = text_of(as_bob, eventful, "?" + older[1].replace("&amp;", "&"))
    assert "alice started search 1" in text
    assert "saved the view" not in text


def test_the_number_of_queries_does_not_grow(
    eventful: Project, as_bob: Client, bob: User, search: Search, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        with django_assert_num_queries(17):
            as_bob.get(url(eventful))
        for trial in search.trials.all():
            for number in range(5):
                actions.comment(bob, trial, f"{timezone.now()} {number}")


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "2024-01-01T00:00:00"]
)
def test_a_page_before_a_time_that_is_none_is_the_first(
    eventful: Project, as_bob: Client, when: str
) -> None:
    assert "saved the view" in text_of(as_bob, eventful, f"?before={when}~comment~1")
