"""Names and descriptions, edited in place: by editors, of a team by its owners."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.sent_forms import sent_by
from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Team

from .addresses import addressed


@pytest.fixture
def own(project: Project, search: Search, team: Team, saved_model: SavedModel) -> dict[str, Any]:
    """What can be renamed, by the beginning of its address."""
    dataset = Dataset.objects.create(key="own", name="Wine", team=team, kind="table")
    code = "class T: ..."
    versions = [
        HyperModel.objects.create(
            key="t", version=n, name="Dense", team=team, code=code, superseded=n == 1
        )
        for n in (1, 2)
    ]
    rows = {"project": project, "search": search, "dataset": dataset, "team": team}
    return rows | {"hypermodel": versions[1], "saved-model": saved_model}


KINDS = ["project", "search", "saved-model", "dataset", "hypermodel", "team"]


def _save(client: Client, kind: str, row: Any, **values: str) -> Any:
    return client.post(reverse(f"{kind}-name", args=[addressed(row)]), values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_name_is_on_the_page(kind: str, own: dict[str, Any], as_alice: Client) -> None:
    text = {} if kind == "team" else {"description": "Of the <lab>"}
    response = _save(as_alice, kind, own[kind], name="Red & white", **text)
    assert response["Location"] == reverse(f"{kind}-detail", args=[addressed(own[kind])])
    page = as_alice.get(response["Location"]).content.decode()
    assert "Red &amp; white" in page
    assert not text or "Of the &lt;lab&gt;" in page


def test_a_dataset_whose_name_another_one_has_gets_a_description(
    team: Team, as_alice: Client
) -> None:
    """As earlier versions let it happen."""
    upload = {"team": team, "source": Dataset.Source.UPLOAD, "name": "Wine", "kind": "table"}
    first, second = (Dataset.objects.create(key=key, **upload) for key in ("first", "second"))
    assert _save(as_alice, "dataset", second, name="Wine", description="Red.").status_code == 302
    second.refresh_from_db()
    assert second.description == "Red."
    first.name = "Whisky"
    first.save()
    assert _save(as_alice, "dataset", first, name="Wine").status_code == 422


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "team"])
def test_only_what_a_person_changed_is_saved(
    kind: str, own: dict[str, Any], as_alice: Client, as_bob: Client
) -> None:
    url = reverse(f"{kind}-name", args=[addressed(own[kind])])
    shown = sent_by(as_alice.get(url), "name")
    as_bob.post(url, shown | {"description": "Use split B."})
    as_alice.post(url, shown | {"name": "Renamed"})
    row = type(own[kind]).objects.get(pk=own[kind].pk)
    assert (row.name, row.description) == ("Renamed", "Use split B.")
    as_bob.post(url, sent_by(as_bob.get(url), "name") | {"description": ""})
    row.refresh_from_db()
    assert (row.name, row.description) == ("Renamed", "")


def test_a_refused_form_still_saves_only_what_was_changed(
    project: Project, as_alice: Client, as_bob: Client
) -> None:
    url = reverse("project-name", args=[project.pk])
    shown = sent_by(as_alice.get(url), "name")
    as_bob.post(url, shown | {"description": "Use split B."})
    again = sent_by(as_alice.post(url, shown | {"name": ""}), "name")
    as_alice.post(url, again | {"name": "Renamed"})
    project.refresh_from_db()
    assert (project.name, project.description) == ("Renamed", "Use split B.")


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_rename(
    kind: str, own: dict[str, Any], as_bob: Client, as_dora: Client, as_charlie: Client
) -> None:
    before = own[kind].name
    for client in (as_dora, as_charlie):
        assert _save(client, kind, own[kind], name="Mine").status_code in (403, 404)
    answer = _save(as_bob, kind, own[kind], name="Bob's")
    own[kind].refresh_from_db()
    # Editors rename all but the team, whose owners do.
    assert (own[kind].name == "Bob's") == (kind != "team")
    assert (answer.status_code == 302) == (kind != "team")
    assert kind != "team" or own[kind].name == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_name_stays_in_the_form(kind: str, own: dict[str, Any], as_alice: Client) -> None:
    for name in ["x" * 81, "two\x0blines", *([] if kind in ("search", "saved-model") else [" "])]:
        response = _save(as_alice, kind, own[kind], name=name, description="Kept")
        assert response.status_code == 422
        assert kind == "team" or "Kept" in response.content.decode()


def test_a_search_without_a_name_says_what_it_does(
    own: dict[str, Any], as_bob: Client, search: Search
) -> None:
    _save(as_bob, "search", search, name="Nightly")
    page = reverse("search-detail", args=[search])
    assert "Nightly" in as_bob.get(page).content.decode()
    _save(as_bob, "search", search, name="")
    assert "Random search on 4 hyperparameters" in as_bob.get(page).content.decode()


def test_all_versions_of_a_template_are_renamed(own: dict[str, Any], as_bob: Client) -> None:
    _save(as_bob, "hypermodel", own["hypermodel"], name="Deep", description="")
    assert set(HyperModel.objects.filter(key="t").values_list("name", flat=True)) == {"Deep"}


def test_the_form_opens_in_the_place_of_the_title(own: dict[str, Any], as_bob: Client) -> None:
    url = reverse("search-name", args=[own["search"]])
    assert "<html" in as_bob.get(url).content.decode()
    piece = as_bob.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in piece
    assert 'name="name"' in piece
    page = as_bob.get(reverse("search-detail", args=[own["search"]])).content.decode()
    assert f'hx-get="{url}"' in page


def test_the_built_in_ones_keep_their_names(
    as_alice: Client, project: Project, alice: User
) -> None:
    for kind, row in (("dataset", project.dataset), ("hypermodel", project.hypermodel)):
        assert row.team_id is None
        assert _save(as_alice, kind, row, name="Mine").status_code == 404
