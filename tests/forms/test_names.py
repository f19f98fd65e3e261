"""One rule for all names: one visible line. Rows that are older than the rule are still shown."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from django.urls import reverse

from tests.hostile_names import HIDDEN, ODD
from tuning.forms.access_tokens import AccessTokenForm
from tuning.forms.notes import TagForm
from tuning.forms.saved_views import ChangeViewForm, SaveViewForm
from tuning.forms.teams import TeamForm
from tuning.models import Project, SavedView, Search
from tuning.models.validators import validate_name
from tuning.protocol.names import is_one_line, one_line

# A worker's name is its machine's, and no page has a form for it; those of predictions and
# uploads are their files', without hidden characters.
NO_PERSON = {"Worker", "Prediction", "PartialUpload"}
# Of letters, digits, dots, hyphens and underscores alone.
STRICTER = {"Machine"}


@pytest.mark.parametrize("name", HIDDEN)
def test_hidden_characters_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="one line"):
        validate_name(name)
    assert is_one_line(one_line(name))
    assert one_line(name)


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_taken_as_they_are(name: str) -> None:
    validate_name(name)
    assert one_line(name) == name


def test_every_name_in_the_database_is_checked() -> None:
    names = {
        model.__name__: field
        for model in apps.get_app_config("tuning").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.CharField) and field.name == "name"
    }
    assert {"Team", "Project", "Dataset", "HyperModel", "Search", "SavedView", "Tag"} <= set(names)
    unchecked = {name for name, field in names.items() if validate_name not in field.validators}
    assert unchecked == NO_PERSON | STRICTER


def test_every_form_refuses(alice: User, project: Project) -> None:
    # A line break inside: at an end it would be taken off.
    name = {"name": "a\nb"}
    view = SavedView(project=project, owner=alice, name="v")
    for form in (
        AccessTokenForm(name, user=alice),
        TeamForm(name),
        SaveViewForm(name, can_edit=True, own=SavedView.objects.none()),
        ChangeViewForm(name, view=view),
    ):
        assert "one line" in str(form.errors["name"]), form


def test_a_tag_has_nothing_hidden() -> None:
    assert "one line" in str(TagForm({"names": "fast\u202e"}).errors["names"])
    # Line breaks are spaces, as in a text field that was pasted into.
    assert TagForm({"names": "very\nfast"}).is_valid()


def test_a_row_from_before_the_rule_is_still_shown(
    as_alice: Client, project: Project, make_search: Any
) -> None:
    search: Search = make_search()
    Project.objects.update(name="a\nimport os")
    for page in (
        reverse("project-detail", args=[project.pk]),
        reverse("search-detail", args=[search]),
    ):
        response = as_alice.get(page)
        assert response.status_code == 200
        assert "import os" in response.content.decode()
