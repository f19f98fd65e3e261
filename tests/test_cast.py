"""The querysets that start every access, tried with the whole cast."""

from typing import Any

from django.contrib.auth.models import User

from tuning.models import Dataset, HyperModel, Inspection, Project, Search, Team


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


def test_an_inspection_is_seen_by_who_sees_dataset_and_template(
    project: Project, team: Team, dataset: Dataset, hypermodel: HyperModel, bob: User,
    charlie: User,
) -> None:  # fmt: skip
    def seen() -> list[bool]:
        return [Inspection.objects.visible_to(user).exists() for user in (bob, charlie)]

    assert seen() == [True, True], "both are built in"
    HyperModel.objects.update(team=team)
    assert seen() == [True, False]
    HyperModel.objects.update(team=None)
    Dataset.objects.update(team=team)
    assert seen() == [True, False]
    HyperModel.objects.update(team=Team.objects.get(name="Others"))
    assert seen() == [True, False], "bob's project uses it, as one that was moved may"
    project.delete()
    assert seen() == [False, False]
