"""The querysets that start every access, tried with the whole cast."""

from typing import Any

from django.contrib.auth.models import User

from tuning.models import Project, Search


def test_members_see_the_project_and_strangers_do_not(
    project: Project, alice: User, bob: User, dora: User, charlie: User
) -> None:
    cast = (alice, bob, dora, charlie)
    members = [user for user in cast if Project.objects.visible_to(user).exists()]
    assert members == [alice, bob, dora]


def test_viewers_may_not_edit(
    make_search: Any, alice: User, bob: User, dora: User, charlie: User
) -> None:
    search = make_search()
    cast = (alice, bob, dora, charlie)
    editors = [user for user in cast if Search.objects.editable_by(user).exists()]
    assert search.is_active
    assert editors == [alice, bob]
