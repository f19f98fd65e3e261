"""Addresses of searches, trials and models have the numbers that pages show; old ones, which had
keys of rows, lead there."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve, reverse

from tuning import urls
from tuning.actions.saved_models import delete_saved_model, retrain
from tuning.actions.searches import delete_search
from tuning.models import Project, SavedModel, Search, Trial
from tuning.models.addresses import TrialNumbers

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.fixture
def second(search: Search, make_search: Any, add_trial: Any) -> Search:
    """Another project's search comes between, so that keys and numbers differ."""
    other = Project.objects.create(
        team=search.project.team, name="Other", dataset=search.project.dataset,
        hypermodel=search.project.hypermodel,
    )  # fmt: skip
    make_search(project=other)
    found: Search = make_search(max_trials=2)
    add_trial(found, 1, 0.5)
    assert found.number == 2 != found.pk
    return found


def test_an_address_has_the_numbers_of_the_heading(
    second: Search, best: Trial, saved_model: SavedModel, as_dora: Client
) -> None:
    start = f"/projects/{second.project_id}"
    trial = second.trials.get(number=1)
    pages = [
        (reverse("search-detail", args=[second]), f"{start}/searches/2/", "Search 2"),
        (reverse("trial-detail", args=[trial]), f"{start}/searches/2/trials/1/", "Trial 1"),
        (reverse("saved-model-detail", args=[saved_model]), f"{start}/models/1/", "Model 1"),
    ]
    for address, expected, heading in pages:
        assert address == expected
        page = as_dora.get(address)
        assert page.status_code == 200
        assert heading in page.content.decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/searches/{search}/", "/searches/2/"),
        ("/searches/{search}/trials/?sort=-score&hp:units__gte=8", None),
        ("/searches/{search}/trials/columns/hp:units/", "/searches/2/trials/columns/hp:units/"),
        ("/searches/{search}/plots.json", "/searches/2/plots.json"),
        ("/trials/{trial}/", "/searches/2/trials/1/"),
        ("/trials/{trial}/comments/", "/searches/2/trials/1/comments/"),
        ("/models/{model}/", "/models/1/"),
        ("/models/{model}/history.csv", "/models/1/history.csv"),
    ],
)
def test_an_old_address_leads_to_the_same_page(
    old: str, new: str | None, second: Search, saved_model: SavedModel, as_dora: Client,
    as_charlie: Client,
) -> None:  # fmt: skip
    trial = second.trials.get(number=1)
    address = old.format(search=second.pk, trial=trial.pk, model=saved_model.pk)
    moved = as_dora.get(address)
    assert moved.status_code == 301
    new = new or "/searches/2/trials/?sort=-score&hp:units__gte=8"
    assert moved["Location"] == f"/projects/{second.project_id}{new}"
    assert as_dora.get(moved["Location"]).status_code == 200
    assert as_charlie.get(address).status_code == 404
    assert as_charlie.post(address).status_code == 404


def test_a_form_of_a_page_that_was_open_is_sent_on(search: Search, as_bob: Client) -> None:
    moved = as_bob.post(f"/searches/{search.pk}/name/", {"name": "Wide"})
    assert moved.status_code == 308
    assert moved["Location"] == reverse("search-name", args=[search])


def test_an_address_with_odd_signs_stays_one(search: Search, as_bob: Client) -> None:
    moved = as_bob.get(f"/searches/{search.pk}/trials/columns/hp:a%3Fb%23c%20d/")
    assert moved["Location"].endswith("/trials/columns/hp:a%3Fb%23c%20d/")


@pytest.mark.parametrize("number", ["0", "02", "4", "12345678901234567890"])
def test_what_is_not_there_is_not_found(number: str, search: Search, as_bob: Client) -> None:
    start = f"/projects/{search.project_id}"
    assert as_bob.get(f"{start}/searches/{number}/").status_code == 404
    assert as_bob.get(f"{start}/searches/1/trials/{number}/").status_code == 404
    assert as_bob.get(f"{start}/models/{number}/").status_code == 404


def test_a_number_is_given_once(search: Search, best: Trial, make_search: Any, alice: User) -> None:
    """Or else an old link would show another search."""
    assert make_search().number == 2
    delete_search(search.project.searches.get(number=2))
    assert make_search().number == 3
    delete_saved_model(retrain(alice, best))
    assert retrain(alice, best).number == 2


def test_a_row_or_its_numbers_make_the_same_address(best: Trial) -> None:
    at = resolve(reverse("trial-detail", args=[best])).kwargs["at"]
    assert reverse("trial-detail", args=[at]) == reverse("trial-detail", args=[best])
    assert reverse("trial-detail", args=[TrialNumbers(best.search, 3)]) == reverse(
        "trial-detail", args=[best]
    )


def test_no_template_makes_an_address_of_a_key() -> None:
    numbered = [
        pattern.name for pattern in urls.urlpatterns
        if re.search("<(search|trial|model):at>", str(pattern.pattern))
    ]  # fmt: skip
    wrong = re.compile(rf"""url ['"]({"|".join(numbered)})['"] [\w.]*(pk|_id)\b""")
    assert len(numbered) > 40
    assert [path.name for path in TEMPLATES.rglob("*.html") if wrong.search(path.read_text())] == []
