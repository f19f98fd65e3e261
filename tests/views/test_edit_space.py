"""The search space at the page of a new search: shown, changed, refused, stored, taken up again."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import SPACE
from tests.forms.test_space_form import sent
from tuning.models import Project, Search

from .test_start_search import DEFAULTS


@pytest.fixture
def url(project: Project) -> str:
    return reverse("search-create", args=[project.pk])


def _post(project: Project, **changes: Any) -> dict[str, Any]:
    data = dict(sent(project.inspection, **changes).lists())
    return {**DEFAULTS, "inspection": project.inspection.pk, **data}


NARROWED = {"units_low": "16", "units_high": "32", "optimizer_values": ["0"]}


def test_the_page_has_a_row_for_each(as_bob: Client, url: str) -> None:
    page = as_bob.get(url).content.decode()
    assert page.count("<summary><code>") == len(SPACE["space"])
    assert "8 to 64 in steps of 8" in page
    assert "if optimizer is sgd" in page
    assert "changed</span>" not in page


def test_the_edited_space_is_stored_and_shown(
    as_bob: Client, as_dora: Client, url: str, project: Project
) -> None:
    response = as_bob.post(url, _post(project, **NARROWED))
    search = Search.objects.get()
    assert response["Location"] == reverse("search-detail", args=[search])
    units, optimizer, *others = search.space["space"]
    assert (units["config"]["min_value"], units["config"]["max_value"]) == (16, 32)
    assert optimizer == {
        "class_name": "Fixed",
        "config": {"name": "optimizer", "conditions": [], "value": "adam"},
    }
    assert others == SPACE["space"][2:]
    assert search.trials.get().values == {"units": 16, "optimizer": "adam", "learning_rate": 0.001}
    page = as_dora.get(reverse("search-settings", args=[search])).content.decode()
    assert "Search space: 2 hyperparameters changed" in page
    assert '16 to 32 in steps of 8 <span class="muted">was 8 to 64 in steps of 8' in " ".join(
        page.split()
    )
    assert "<td>never" in page
    assert "New search with these settings" not in page, "dora may only look"


def test_what_is_refused_is_said_and_kept(as_bob: Client, url: str, project: Project) -> None:
    response = as_bob.post(url, _post(project, units_low="lots", learning_rate_low="0.01"))
    assert response.status_code == 422
    assert not Search.objects.exists()
    page = response.content.decode()
    assert '<a href="#space-row-0"><code>units</code></a>' in page
    assert page.count("<details open>") == 1
    assert 'value="lots"' in page
    assert "“lots” is not a number." in page
    assert "0.01 to 0.1, logarithmic" in page


def test_a_wrong_setting_keeps_the_space(as_bob: Client, url: str, project: Project) -> None:
    response = as_bob.post(url, _post(project, epochs="0", units_low="16"))
    assert response.status_code == 422
    assert response.context["space_form"].rows[0]["low"].value() == "16"


def test_the_plan_follows_the_space(as_bob: Client, project: Project) -> None:
    plan = reverse("search-plan", args=[project.pk])
    changes = {**NARROWED, "learning_rate_way": "values", "learning_rate_values": "0.01, 0.02"}
    page = as_bob.post(plan, _post(project, **changes)).content.decode()
    assert "each of the 6 combinations" in page
    assert "6 combinations." in page
    assert "learning_rate is 0.01 (was 0.001)" in page
    assert 'id="space-words-0" hx-swap-oob="true">16 to 32 in steps of 8' in page
    assert "never in use" in page
    page = as_bob.post(plan, _post(project, units_low="99")).content.decode()
    assert "✕ Enter a value of at least 99." in page


def test_reset_without_scripts_starts_nothing(as_bob: Client, url: str, project: Project) -> None:
    response = as_bob.post(url, _post(project, reset="0", units_low="x", momentum_low="0.5"))
    assert response.status_code == 200
    assert not Search.objects.exists()
    rows = response.context["space_form"].rows
    assert [row["low"].value() for row in rows if "low" in row.fields] == ["8", "0.5", "0.0001"]


def test_a_search_is_taken_up_again(as_bob: Client, url: str, project: Project) -> None:
    as_bob.post(url, _post(project, **NARROWED, epochs="7", tuner="bayesian"))
    first = Search.objects.get()
    page = as_bob.get(reverse("search-detail", args=[first])).content.decode()
    assert f'href="{url}?search={first.number}"' in page
    again = as_bob.get(url, {"search": first.number}).context
    assert again["form"]["epochs"].value() == 7
    assert again["form"]["tuner"].value() == "bayesian"
    data = {field.name: field.value() for field in again["form"] if field.value() is not None}
    for row in again["space_form"].rows:
        data.update({field.html_name: field.value() or "" for field in row})
    as_bob.post(f"{url}?search={first.number}", data)
    second = Search.objects.latest("number")
    assert second.pk != first.pk
    assert second.space == first.space


@pytest.mark.parametrize("wanted", ["", "x", "-1", "9" * 30])
def test_nonsense_to_begin_with_is_the_template(wanted: str, as_bob: Client, url: str) -> None:
    response = as_bob.get(url, {"search": wanted})
    assert response.status_code == 200
    assert response.context["earlier"] is None


def test_other_projects_searches_are_not_found(
    as_bob: Client, as_charlie: Client, url: str, make_search: Any, project: Project
) -> None:
    search = make_search()
    assert as_charlie.get(url, {"search": search.number}).status_code == 404
    other = Project.objects.create(
        team=project.team, name="Other", dataset=project.dataset, hypermodel=project.hypermodel
    )
    assert (
        as_bob.get(reverse("search-create", args=[other.pk]), {"search": search.number}).status_code
        == 404
    )


def test_a_page_of_an_older_version_is_told(as_bob: Client, url: str, project: Project) -> None:
    response = as_bob.post(url, {**_post(project, **NARROWED), "inspection": 0})
    assert response.status_code == 422
    assert "The project’s template has changed" in response.content.decode()
    assert not Search.objects.exists()


def test_three_hundred_hyperparameters_fit_into_a_form(
    as_bob: Client, url: str, project: Project
) -> None:
    one = SPACE["space"][0]
    config = dict(one["config"])
    project.inspection.space = {
        "space": [{**one, "config": {**config, "name": f"x{i}"}} for i in range(300)]
    }
    project.inspection.save()
    response = as_bob.post(url, _post(project, x299_low="16"))
    assert response.status_code == 302
    assert Search.objects.get().space["space"][299]["config"]["min_value"] == 16
