"""The help pages: nothing that has a name is missing, and what they say works."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.analysis import help as texts
from tuning.analysis.limits import EARLY
from tuning.analysis.pruning import SETTINGS
from tuning.analysis.trials.columns import Column, columns_of
from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.operators import OPERATORS
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import SearchStatus, Status
from tuning.strategies.pruners import PRUNERS
from tuning.views.help import PAGES


def page(client: Client, slug: str) -> str:
    response = client.get(reverse("help-page", args=[slug]))
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("slug", ["trials", "addresses"])
def test_every_operator_is_explained_with_an_example(as_dora: Client, slug: str) -> None:
    html = page(as_dora, slug)
    for name in OPERATORS:
        row = re.search(rf'<tr id="operator-{name}">.*?</tr>', html, re.DOTALL)
        assert row, name
        assert f"__{name}=" in row[0]


def test_the_examples_are_filters_that_work_and_do_what_stands_beside_them(
    search: Search, alice: User
) -> None:
    trial = search.trials.get(number=1)
    Trial.objects.filter(pk=trial.pk).update(values={**trial.values, "optimizer": "adam"})
    TrialIndex.objects.fill(search)
    for operator in texts.operators():
        selection = Selection.read(search, operator.address, alice)
        assert selection.problems == (), operator.name
        assert selection.sentence == operator.sentence
        assert selection.count <= 3


def test_what_an_operator_is_for_is_what_it_fits(search: Search) -> None:
    """Every column of a real search is one of the sorts that the pages know."""
    known = [_operators(column) for _, column in texts.SAMPLES.values()]
    for column in columns_of(search):
        assert _operators(column) in known, column.key


def _operators(column: Column) -> list[str]:
    return [name for name, operator in OPERATORS.items() if operator.fits(column)]


def test_every_status_and_failure_is_explained(as_dora: Client) -> None:
    html = page(as_dora, "statuses")
    for status in SearchStatus:
        assert f'id="search-{status}"' in html
    for status in Status:
        assert f'id="trial-{status}"' in html
    for code in FailureCode:
        row = re.search(rf'<tr id="failure-{code}">.*?</tr>', html, re.DOTALL)
        assert row, code
        assert code.caption in row[0]


def test_every_plot_is_explained(as_dora: Client) -> None:
    html = page(as_dora, "plots")
    for name in texts.PLOTS:
        text = re.search(rf'<h2 id="{name}">.*?</section>', html, re.DOTALL)
        assert text, name
        assert "<p>" in text[0]


def test_no_text_about_a_plot_is_left_over() -> None:
    folder = Path(settings.BASE_DIR) / "templates" / "help" / "plots"
    assert {file.stem for file in folder.iterdir()} == set(texts.PLOTS)


@pytest.mark.parametrize("slug", ["exports", "addresses"])
def test_every_format_is_explained(as_dora: Client, slug: str) -> None:
    html = page(as_dora, slug)
    for format in FORMATS.values():
        assert f"<code>{format.name}</code>" in html or f"format={format.name}" in html


def test_every_column_that_a_trial_has_by_itself_is_named(as_dora: Client, search: Search) -> None:
    html = page(as_dora, "addresses")
    for column in columns_of(search):
        if ":" not in column.key:
            assert f"<code>{column.key}</code>" in html, column.key


def _links(client: Client) -> Iterator[tuple[str, str]]:
    for address in (reverse("help-page"), *(reverse("help-page", args=[slug]) for slug in PAGES)):
        for link in re.findall(r'<a [^>]*href="([^"]+)"', client.get(address).content.decode()):
            yield address, link


def test_every_link_on_them_leads_somewhere(as_dora: Client) -> None:
    seen = {}
    for address, link in _links(as_dora):
        path, _, part = link.partition("#")
        path = path or address
        assert path.startswith("/"), link
        if path not in seen:
            response = as_dora.get(path)
            assert response.status_code == 200, link
            seen[path] = response.content.decode()
        if part:
            assert f'id="{part}"' in seen[path], link


def test_the_list_has_every_page_and_others_are_not_found(as_dora: Client) -> None:
    index = as_dora.get(reverse("help-page")).content.decode()
    for slug in PAGES:
        assert reverse("help-page", args=[slug]) in index
    assert as_dora.get(reverse("help-page", args=["nosuch"])).status_code == 404
    assert as_dora.post(reverse("help-page")).status_code == 405


def test_a_failed_trials_page_leads_to_its_reason(
    search: Search, add_trial: Any, as_dora: Client
) -> None:
    trial = add_trial(search, 4, status=Status.FAILED, failure_code=FailureCode.OUT_OF_MEMORY)
    html = as_dora.get(reverse("trial-detail", args=[trial])).content.decode()
    assert f'href="{reverse("help-page", args=["statuses"])}#failure-out_of_memory"' in html


def test_each_limit_of_a_search_is_explained(as_dora: Client) -> None:
    html = as_dora.get(reverse("help-page", args=["strategies"])).content.decode()
    for limit in EARLY:
        assert f'id="limit-{limit.name}"' in html
        assert limit.option in html


def test_every_pruner_and_its_settings_are_explained(as_dora: Client) -> None:
    html = page(as_dora, "strategies")
    for traits in PRUNERS.values():
        row = re.search(rf'<tr id="pruner-{traits.name}">.*?</tr>', html, re.DOTALL)
        assert row, traits.name
        assert traits.help in row[0]
    for setting in SETTINGS:
        row = re.search(rf'<tr id="{setting.name}">.*?</tr>', html, re.DOTALL)
        assert row, setting.name
        assert setting.option in row[0]
    assert "horizon effect" in html


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("projects", "Validation rows"), ("datasets", "missing values"),
        ("templates", "build_model"), ("models", "test rows"),
        ("strategies", "Search strategies"), ("teams", "Roles"),
    ],
)  # fmt: skip
def test_help_covers_everything_that_a_project_is_made_of(
    slug: str, words: str, as_dora: Client
) -> None:
    assert words in page(as_dora, slug)
    assert reverse("help-page", args=[slug]) in as_dora.get(reverse("help-page")).content.decode()
