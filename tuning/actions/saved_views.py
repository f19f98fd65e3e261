"""Saved views: keeping a way to look at a project's trials, for oneself or the team."""

from typing import Any

from django.db import transaction

from tuning.models import Project, SavedView


def save_view(
    user: Any, project: Project, name: str, query: str, *, shared: bool, default: bool
) -> SavedView:
    """A person's view of this name is overwritten. It stays shared and the default: the form has no
    way to say that it no longer should be."""
    with transaction.atomic():
        # One after the other: a project has one default.
        Project.objects.select_for_update().get(pk=project.pk)
        if default:
            _no_default(project)
        wanted = {"shared": shared or default, "is_default": default}
        granted = {field: True for field, given in wanted.items() if given}
        view, _ = SavedView.objects.update_or_create(
            project=project, owner=user, name=name, defaults={"query": query, **granted}
        )
        return view


def change_view(view: SavedView, **values: Any) -> None:
    """Any of name, query, shared, is_default. The default is the team's; what is not is none."""
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=view.project_id)
        if values.get("is_default"):
            _no_default(view.project)
            values["shared"] = True
        if values.get("shared") is False:
            values["is_default"] = False
        SavedView.objects.filter(pk=view.pk).update(**values)


def delete_view(view: SavedView) -> None:
    view.delete()


def _no_default(project: Project) -> None:
    SavedView.objects.filter(project=project, is_default=True).update(is_default=False)
