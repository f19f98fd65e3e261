"""Saved views of trial tables: for oneself, for the team, as the project's default."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.models import Membership, Project, Role, SavedView, Search


def _save(client: Client, search: Search, **values: str) -> Any:
    return client.post(reverse("view-list", args=[search]), {"name": "Best", **values})


def _change(client: Client, view: SavedView, **values: Any) -> int:
    return client.post(reverse("view-change", args=[view.pk]), values).status_code


def _table(search: Search) -> str:
    return reverse("trial-list", args=[search])


@pytest.fixture
def view(search: Search, bob: User) -> SavedView:
    return SavedView.objects.create(
        project=search.project, owner=bob, name="Bob's", query="score__gt=0.85&sort=score"
    )


def test_saving_keeps_what_is_shown(as_bob: Client, search: Search, bob: User) -> None:
    query = "score__gt=0.85&sort=score&column=score&page=2&plot=parallel"
    response = _save(as_bob, search, query=query)
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.shared, view.is_default) == (bob, "Best", False, False)
    assert view.query == query.replace("&page=2", "")
    assert response["Location"] == f"{_table(search)}?{view.query}&view={view.pk}"


def test_opening_a_view_leads_to_all_of_it(as_bob: Client, search: Search, view: SavedView) -> None:
    response = as_bob.get(_table(search), {"view": view.pk}, follow=True)
    assert [row.trial.number for row in response.context["table"].rows] == [3, 1]
    assert "View: Bob&#x27;s" in response.content.decode()


def test_views_of_others_are_seen_once_they_are_shared(
    as_bob: Client, as_dora: Client, search: Search, view: SavedView
) -> None:
    listed = reverse("view-list", args=[search])
    assert "Bob&#x27;s" not in as_dora.get(listed).content.decode()
    assert as_dora.get(_table(search), {"view": view.pk}).status_code == 200
    assert _change(as_bob, view, shared="1") == 302
    assert "Bob&#x27;s" in as_dora.get(listed).content.decode()
    assert as_dora.get(_table(search), {"view": view.pk}).status_code == 302


def test_the_default_is_what_the_bare_address_opens(
    as_bob: Client, as_dora: Client, search: Search, view: SavedView
) -> None:
    _change(as_bob, view, default="1")
    view.refresh_from_db()
    assert (view.is_default, view.shared) == (True, True)
    response = as_dora.get(_table(search), follow=True)
    assert [row.trial.number for row in response.context["table"].rows] == [3, 1]
    plain = as_dora.get(_table(search), {"view": "none"})
    assert [row.trial.number for row in plain.context["table"].rows] == [1, 2, 3]
    # A second default takes the place of the first.
    _save(as_bob, search, query="sort=-score", default="1", name="Other")
    assert SavedView.objects.get(is_default=True).name == "Other"


def test_a_default_that_is_no_longer_shared_is_none(
    as_bob: Client, search: Search, view: SavedView
) -> None:
    _change(as_bob, view, default="1")
    _change(as_bob, view, shared="0")
    view.refresh_from_db()
    assert not view.is_default


def test_viewers_keep_views_for_themselves_only(
    as_dora: Client, search: Search, dora: User
) -> None:
    _save(as_dora, search, query="sort=score", shared="1", default="1")
    view = SavedView.objects.get(owner=dora)
    assert (view.shared, view.is_default) == (False, False)
    assert _change(as_dora, view, shared="1") == 403
    assert _change(as_dora, view, default="1") == 403
    assert _change(as_dora, view, name="Mine") == 302
    view.refresh_from_db()
    assert (view.name, view.shared) == ("Mine", False)


def test_one_changes_ones_own_and_owners_of_the_team_any_shared_one(
    as_alice: Client, as_dora: Client, as_charlie: Client, view: SavedView
) -> None:
    assert _change(as_alice, view, name="Alice's") == 404, "not shared"
    SavedView.objects.filter(pk=view.pk).update(shared=True)
    assert _change(as_dora, view, name="Dora's") == 403
    assert _change(as_charlie, view, name="Charlie's") == 404
    assert _change(as_alice, view, name="The team's") == 302
    view.refresh_from_db()
    assert view.name == "The team's"
    assert as_dora.post(reverse("view-delete", args=[view.pk])).status_code == 403
    assert as_alice.post(reverse("view-delete", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()


def test_overwriting(as_bob: Client, search: Search, view: SavedView) -> None:
    _change(as_bob, view, query="score__lt=0.85&page=7")
    view.refresh_from_db()
    assert view.query == "score__lt=0.85"
    # Saving under the name of one's own view overwrites it, too.
    _save(as_bob, search, name="Bob's", query="sort=score")
    view.refresh_from_db()
    assert view.query == "sort=score"
    assert SavedView.objects.count() == 1


@pytest.fixture
def default(view: SavedView) -> SavedView:
    """Bob's view, which the team's tables open with."""
    view.shared = view.is_default = True
    view.save()
    return view


def test_an_editor_saves_over_a_view_of_the_team(
    as_bob: Client, search: Search, default: SavedView
) -> None:
    assert _save(as_bob, search, name="Bob's", query="sort=score").status_code == 302
    default.refresh_from_db()
    assert (default.query, default.shared, default.is_default) == ("sort=score", True, True)
    SavedView.objects.update(shared=False, is_default=False)
    _save(as_bob, search, name="Bob's", query="sort=score", shared="on")
    default.refresh_from_db()
    assert (default.shared, default.is_default) == (True, False)


@pytest.mark.parametrize("why", ["viewer", "archived"])
def test_who_may_not_change_a_view_of_the_team_saves_under_another_name(
    why: str, as_bob: Client, bob: User, search: Search, default: SavedView
) -> None:
    if why == "viewer":
        Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    else:
        Project.objects.update(archived_at=timezone.now())
    response = _save(as_bob, search, name="Bob's", query="sort=score")
    assert response.status_code == 422
    assert response.context["form"].errors == {
        "name": ["A view named “Bob's” is shared with the team. Enter another name."]
    }
    before, after = default, SavedView.objects.get()
    assert (after.query, after.shared, after.is_default) == (before.query, True, True)
    assert _save(as_bob, search, name="Own", query="sort=score").status_code == 302
    assert _save(as_bob, search, name="Own", query="sort=-score").status_code == 302
    assert SavedView.objects.get(name="Own").query == "sort=-score"


@pytest.mark.parametrize("field", ["shared", "default"])
def test_a_blank_answer_changes_nothing(field: str, as_bob: Client, default: SavedView) -> None:
    assert _change(as_bob, default, **{field: ""}) == 302
    before = default.query
    default.refresh_from_db()
    assert (default.query, default.shared, default.is_default) == (before, True, True)


def test_names_are_needed_and_taken_once(as_bob: Client, search: Search, view: SavedView) -> None:
    response = _save(as_bob, search, name="")
    assert response.status_code == 422
    assert "Enter a name for the view." in response.content.decode()
    _save(as_bob, search, name="Second")
    second = SavedView.objects.get(name="Second")
    page = as_bob.post(reverse("view-change", args=[second.pk]), {"name": "Bob's"}, follow=True)
    assert "A view named “Bob&#x27;s” already exists." in page.content.decode()


def test_a_view_opens_in_another_search_of_the_project(
    as_bob: Client, search: Search, view: SavedView, make_search: Any
) -> None:
    SavedView.objects.filter(pk=view.pk).update(query="sort=score&column=score&column=hp:gone")
    other = make_search()
    page = as_bob.get(_table(other), {"view": view.pk}, follow=True).content.decode()
    assert "This search has no gone. Ignored." in page


def test_who_only_looks_by_now_changes_no_view_of_the_team(
    as_bob: Client, bob: User, search: Search
) -> None:
    views = [
        SavedView.objects.create(project=search.project, owner=bob, name=name, shared=shared)
        for name, shared in (("Team's", True), ("Own", False))
    ]
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    statuses = [
        as_bob.post(
            reverse(name, args=[view.pk]), {"search": search.number, "name": "New"}
        ).status_code
        for view in views
        for name in ("view-change", "view-delete")
    ]
    assert statuses == [403, 403, 302, 302]
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Team's"]
