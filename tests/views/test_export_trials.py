"""The trial table's address with `format=`: the same trials as a file."""

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.analysis.trials.exports import FORMATS
from tuning.models import SavedView, Search, Tag


def table(search: Search, query: str) -> str:
    return f"{reverse('trial-list', args=[search])}?{query}"


def lines(response: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.getvalue().decode(), newline="")))


@pytest.mark.parametrize("name", FORMATS)
def test_members_and_viewers_get_it_and_strangers_do_not(
    search: Search, as_alice: Client, as_bob: Client, as_dora: Client, as_charlie: Client,
    client: Client, name: str,
) -> None:  # fmt: skip
    address = table(search, f"format={name}")
    for member in (as_alice, as_bob, as_dora):
        response = member.get(address)
        assert response.status_code == 200
        assert response.getvalue()
    assert as_charlie.get(address).status_code == 404
    assert client.get(address).status_code == 302


@pytest.mark.parametrize(
    ("name", "how", "ending", "kind"),
    [
        ("csv", "attachment", "csv", "text/csv; charset=utf-8; header=present"),
        ("json", "inline", "json", "application/json"),
        ("latex", "attachment", "tex", "text/x-tex; charset=utf-8"),
        ("parquet", "attachment", "parquet", "application/vnd.apache.parquet"),
        ("optuna", "attachment", "db", "application/vnd.sqlite3"),
        ("optuna-journal", "attachment", "log", "application/jsonl"),
    ],
)
def test_it_is_a_private_file_with_a_name_of_its_own(
    search: Search, as_dora: Client, name: str, how: str, ending: str, kind: str
) -> None:
    response = as_dora.get(table(search, f"format={name}"))
    assert response.streaming
    file = f"test-digits-test-cnn-search-1-trials.{ending}"
    assert response["Content-Disposition"] == f'{how}; filename="{file}"'
    assert response["Content-Type"] == kind
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    response.getvalue()


def test_it_has_the_trials_order_and_columns_of_the_table(search: Search, as_dora: Client) -> None:
    query = "score__gte=0.85&sort=score&column=score&column=hp:units&format="
    assert lines(as_dora.get(table(search, query + "csv"))) == [
        ["number", "score", "hp:units"], ["3", "0.95", "24"], ["1", "0.9", "8"],
    ]  # fmt: skip
    document = json.loads(as_dora.get(table(search, query + "json")).getvalue())
    assert document["rows"] == [
        {"number": 3, "score": 0.95, "hp:units": 24}, {"number": 1, "score": 0.9, "hp:units": 8},
    ]  # fmt: skip
    assert document["selection"]["sentence"] == "val_accuracy at least 0.85"
    assert (document["selection"]["trials"], document["selection"]["of"]) == (2, 3)
    assert document["selection"]["query"] in query


def test_all_pages_are_in_it(
    make_search: Any, add_trial: Any, as_dora: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = make_search()
    for number in range(1, 8):
        add_trial(search, number, number / 10)
    monkeypatch.setattr("tuning.analysis.trials.table.PAGE_SIZE", 3)
    assert len(lines(as_dora.get(table(search, "page=2&format=csv")))) == 8


def test_what_a_spreadsheet_would_run_is_text(
    search: Search, add_trial: Any, as_dora: Client, alice: User
) -> None:
    trial = add_trial(search, 4, 0.5, values={"units": 8, "optimizer": '=HYPERLINK("http://x")'})
    Tag.objects.create(project=search.project, trial=trial, name="@SUM(A1)")
    query = "number__gte=4&column=hp:optimizer&column=tags&format=csv"
    assert lines(as_dora.get(table(search, query)))[1:] == [
        ["4", '\'=HYPERLINK("http://x")', "'@SUM(A1)"]
    ]


def test_an_unknown_format_is_refused_with_a_sentence(search: Search, as_dora: Client) -> None:
    for name in ("xml", "", "CSV"):
        response = as_dora.get(table(search, f"format={name}"))
        assert response.status_code == 400
        assert response.content.decode() == (
            "Available formats: csv, json, latex, parquet, optuna and optuna-journal.\n"
        )


def test_a_filter_that_makes_no_sense_is_refused_and_not_left_out(
    search: Search, as_dora: Client
) -> None:
    response = as_dora.get(table(search, "score__gte=high&hp:nosuch__lt=1&format=csv"))
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/plain")
    assert "“high” is not a number." in response.content.decode()
    assert "no such column" in response.content.decode()


def test_the_menu_leads_to_what_the_page_shows(search: Search, as_dora: Client) -> None:
    page = as_dora.get(table(search, "score__gte=0.85&column=score&page=1")).content.decode()
    for name in FORMATS:
        assert f'href="?score__gte=0.85&amp;column=score&amp;format={name}"' in page
    assert "pd.read_parquet(&quot;test-digits-test-cnn-search-1-trials.parquet&quot;)" in page
    page = as_dora.get(table(search, "")).content.decode()
    assert 'href="?view=none&amp;format=csv"' in page


def test_a_view_is_exported_as_the_page_shows_it(search: Search, as_dora: Client) -> None:
    view = SavedView.objects.create(
        project=search.project, name="Best", shared=True, is_default=True,
        query="score__gte=0.85&sort=score&column=score",
    )  # fmt: skip
    wanted = [["number", "score"], ["3", "0.95"], ["1", "0.9"]]
    for query in ("format=csv", f"view={view.pk}&format=csv"):
        assert lines(as_dora.get(table(search, query), follow=True)) == wanted
    assert len(lines(as_dora.get(table(search, "view=none&format=csv")))) == 4
