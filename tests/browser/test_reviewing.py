"""A reviewer's day: from sixty trials to the few that matter, to what a colleague thinks of them,
and back into a better search. pandas on the raw rows is the judge of every number on the way."""

import io
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from tests.services import Tuneroom, wait_for

from .reading import (
    asked,
    cells,
    drag,
    head,
    in_shell,
    open_menu,
    open_plot,
    place,
    shown,
    wait_for_query,
)  # fmt: skip
from .steps import LONG, create_project, look, query, search_key, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

COLLEAGUE, ONLOOKER, PASSWORD = "reviewing-colleague", "reviewing-onlooker", "reviewing-1-password"
TRIALS = 60
LOSS, RATE, LAYERS = "metric:val_loss", "hp:learning_rate", "hp:hidden_layers"
TRAINING = ["metric:accuracy", "metric:loss"]
VIEW = "Shallow and good"


def test_the_day_of_a_reviewer(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    project, search = trained_project(page, tuneroom)
    rows = raw_trials(tuneroom, search)

    page.goto(f"/projects/{project}/")
    page.get_by_role("link", name="Search 1", exact=True).first.click()
    page.get_by_role("link", name=f"All {TRIALS} trials").click()
    page.locator("#trial-table").wait_for()
    page.evaluate("window.sameDocument = true")
    agrees(page, rows)

    rows = sort_by_loss(page, rows)
    hide_training_metrics(page, rows)
    rows = filter_numbers(page, rows)
    rows = brush_layers(page, rows)
    open_plot(page, "history")
    check_history(page, search, rows)
    assert page.evaluate("window.sameDocument")
    look(page, "reviewing-trials")
    check_exports(page, rows)
    save_view(page)

    colleague = sign_in(COLLEAGUE, PASSWORD, viewport={"width": 1280, "height": 900})
    open_view(colleague, search, rows)
    assert seen(colleague) == seen(page)
    compare_three(colleague, rows)
    comment(colleague, rows)
    check_viewer(sign_in(ONLOOKER, PASSWORD), project, page.url, rows)
    page.reload()
    page.get_by_role("link", name=re.compile("Notifications.*new")).wait_for()

    refine(colleague, rows)
    refined = search_key(colleague, tuneroom)
    wait_until_completed(colleague)
    check_refined(colleague, tuneroom, refined, rows)


# --- What there is at the beginning ----------------------------------------------------------


def trained_project(page: Any, tuneroom: Tuneroom) -> tuple[int, int]:
    """A project of the page's person with a finished search, and two more members of its team."""
    create_project(page, "Reviewed", "Breast cancer", "Dense network")
    page.get_by_role("link", name="New search").first.wait_for(timeout=LONG)
    project = int(re.search(r"/projects/(\d+)/", page.url)[1])  # type: ignore[index]
    people = [(COLLEAGUE, "editor"), (ONLOOKER, "viewer")]
    joined = [f"join({project}, {name!r}, {PASSWORD!r}, {role!r})" for name, role in people]
    return project, int(in_shell(tuneroom, "; ".join([*joined, f"train({project}, {TRIALS})"])))


def raw_trials(tuneroom: Tuneroom, search: int) -> pd.DataFrame:
    """The rows of the trials, with the names that addresses have for columns."""
    with sqlite3.connect(f"file:{tuneroom.data / 'db.sqlite3'}?mode=ro", uri=True) as connection:
        sql = (
            'SELECT id, number, status, score, "values", metrics FROM tuning_trial '
            "WHERE search_id = ? ORDER BY number"
        )
        rows = pd.read_sql(sql, connection, params=(search,))
    parts = [
        pd.DataFrame([json.loads(text) for text in rows.pop(field)]).add_prefix(prefix)
        for field, prefix in (("values", "hp:"), ("metrics", "metric:"))
    ]
    return pd.concat([rows, *parts], axis="columns").astype(object)


# --- The table against pandas ----------------------------------------------------------------


def agrees(page: Any, rows: pd.DataFrame) -> None:
    """The table has these trials in this order with these values, and the page says how many they
    are."""
    numbers = rows.number.tolist()
    wait_for(lambda: numbers_in(page) == numbers, f"the table shows the trials {numbers}")
    count = f"{len(rows)} of {TRIALS} trials" if len(rows) < TRIALS else f"{TRIALS} trials"
    assert page.locator(".filter-count").inner_text() == count
    for key in shown(page):
        if key in rows and key not in ("number", "status"):
            assert exact(page, key) == [known(value) for value in rows[key]], key


def restores(page: Any) -> None:
    """The address gives the same to whoever opens it."""
    tab = page.context.new_page()
    tab.goto(page.url)
    assert seen(tab) == seen(page)
    tab.close()


def seen(page: Any) -> dict[str, Any]:
    """What a person reads off the trials page."""
    return {
        "numbers": numbers_in(page),
        "columns": shown(page),
        "sorted": page.locator("#trial-table th[data-key]").evaluate_all(
            "heads => heads.map(({ ariaSort }) => ariaSort)"
        ),
        "filters": page.locator(".chip").all_inner_texts(),
        "count": page.locator(".filter-count").inner_text(),
        "plots": page.locator(".plot-toggles [aria-pressed=true]").all_inner_texts(),
    }


def numbers_in(page: Any) -> list[int]:
    texts = page.locator("#trial-table tbody th a").all_inner_texts()
    return [int(text) for text in texts]


def exact(page: Any, key: str) -> list[Any]:
    """The values of a column: the title has all digits where the cell has not."""
    index = shown(page).index(key)
    texts = page.locator("#trial-table tbody tr").evaluate_all(
        "(rows, index) => rows.map(({ children }) => "
        "children[index].title || children[index].textContent)",
        index,
    )
    return [read(text) for text in texts]


def read(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text.lower()


def known(value: Any) -> Any:
    """A value as `read` gives it: nothing is an empty cell."""
    if pd.isna(value):
        return ""
    return str(value).lower() if isinstance(value, bool | str) else float(value)


# --- What the reviewer does ------------------------------------------------------------------


def sort_by_loss(page: Any, rows: pd.DataFrame) -> pd.DataFrame:
    head(page, LOSS).locator(".sort").click()
    wait_for_query(page, f"sort={LOSS}$")
    rows = rows.sort_values(LOSS, kind="stable", key=pd.to_numeric)
    assert rows[LOSS].isna().sum() == rows[LOSS].tail(3).isna().sum() == 3
    agrees(page, rows)
    restores(page)
    return rows


def hide_training_metrics(page: Any, rows: pd.DataFrame) -> None:
    """They are hidden by themselves. Shown once, they go again by their own menus."""
    assert not {*TRAINING} & {*shown(page)}
    before = shown(page)
    page.locator("#columns").click()
    for key in TRAINING:
        page.locator(f'#column-order input[value="{key}"]').check()
        wait_for(lambda key=key: key in shown(page), "the column is shown")
    page.keyboard.press("Escape")
    agrees(page, rows)
    for key in TRAINING:
        open_menu(page, key)
        page.locator("#do-hide").click()
        wait_for(lambda key=key: key not in shown(page), "the column is hidden")
        restores(page)
    assert shown(page) == before
    agrees(page, rows)


def filter_numbers(page: Any, rows: pd.DataFrame) -> pd.DataFrame:
    unfiltered = rows
    for key, most in ((LOSS, "0.3"), (RATE, "1e-2")):
        open_menu(page, key)
        page.locator("#filter-high").fill(most)
        page.locator("#filter-high").press("Enter")
        wait_for_query(page, f"{key}__lte=")
        page.keyboard.press("Escape")
        rows = rows[rows[key] <= float(most)]
        agrees(page, rows)
        restores(page)
    assert 5 < len(rows) < len(unfiltered) / 2
    assert page.locator(".chip > a:first-child").all_inner_texts() == [
        "val_loss at most 0.3", "learning_rate at most 0.01",
    ]  # fmt: skip
    # One step back, and on again.
    page.go_back()
    agrees(page, unfiltered[unfiltered[LOSS] <= 0.3])
    page.go_forward()
    agrees(page, rows)
    return rows


def brush_layers(page: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """The lower half of an axis from 1 to 4."""
    plot = open_plot(page, "parallel")
    names = plot.evaluate("plot => plot.layout.annotations.map(({ text }) => text)")
    axis = [name.replace("<br>", "") for name in names].index("hidden_layers")
    drag(page, place(plot, axis, -0.03), place(plot, axis + 0.02, 0.5))
    wait_for(lambda: f"{LAYERS}__between" in asked(page), "the address has the brush")
    low, high = map(float, asked(page)[f"{LAYERS}__between"][0].split(","))
    assert (low, high) == (1, 2)
    answer = page.request.get(data_address(page, "parallel")).json()
    assert answer["number"] == sorted(rows.number)
    rows = rows[rows[LAYERS] <= 2]
    agrees(page, rows)
    restores(page)
    assert answer["selected"] == len(rows)
    inside = [answer["number"][index] for index in answer["inside"]]
    assert inside == sorted(rows.number)
    by_number = rows.sort_values("number")
    rates = next(axis for axis in answer["axes"] if axis["key"] == RATE)["values"]
    drawn = [rates[index] for index in answer["inside"]]
    assert drawn == pytest.approx(by_number[RATE].tolist(), rel=1e-6)
    return rows


def data_address(page: Any, plot: str) -> str:
    table = urlsplit(page.url)
    return f"{table.path.removesuffix('trials/')}plots/{plot}.json?{table.query}"


def check_history(page: Any, search: int, rows: pd.DataFrame) -> None:
    """What is drawn, not only what was sent."""
    plot = page.locator("#plot-history .plot")
    plot.locator(".main-svg").first.wait_for()
    by_number = rows.sort_values("number")
    points, line = json.loads(
        plot.evaluate("plot => JSON.stringify(plot.data.slice(0, 2).map(({ x, y }) => [x, y]))")
    )
    assert points[0] == by_number.number.tolist()
    assert points[1] == pytest.approx(by_number.score.tolist(), rel=1e-6)
    best = by_number.score.astype(float).cummax()
    assert line[1][-1] == pytest.approx(best.iloc[-1], rel=1e-6)
    assert sorted({*line[1]}) == pytest.approx(sorted({*best}), rel=1e-6)


def check_exports(page: Any, rows: pd.DataFrame) -> None:
    columns = [key for key in shown(page) if key in rows]
    text = downloaded(page, "csv")
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""])
    assert list(table) == shown(page)
    for key in set(columns) - {"status"}:
        assert [known(value) for value in table[key]] == [known(value) for value in rows[key]], key

    lines = [line for line in downloaded(page, "latex").splitlines() if line.endswith(r" \\")]
    titles, *records = [[cell.strip() for cell in line[:-2].split("&")] for line in lines]
    assert len(titles) == len(shown(page))
    assert [int(record[0]) for record in records] == rows.number.tolist()
    for key in (LOSS, RATE, "score"):
        printed = [float(record[shown(page).index(key)]) for record in records]
        assert printed == pytest.approx(rows[key].tolist(), rel=1e-3)


def downloaded(page: Any, format: str) -> str:
    page.get_by_role("button", name="Export…").click()
    with page.expect_download() as download:
        page.locator(f"#export-{format}").click()
    page.locator("#export-panel").get_by_role("button", name="Close").click()
    return str(download.value.path().read_text(encoding="utf-8"))


def save_view(page: Any) -> None:
    page.locator("#views").click()
    page.locator("#panel").get_by_label("Name").fill(VIEW)
    page.locator("#panel").get_by_label("Share with team").check()
    page.get_by_role("button", name="Save view").click()
    page.get_by_text(f"View “{VIEW}” saved.").wait_for()


# --- What others do --------------------------------------------------------------------------


def open_view(page: Any, search: int, rows: pd.DataFrame) -> None:
    page.goto(f"/searches/{search}/trials/")
    page.locator("#views").click()
    page.locator("#panel").get_by_role("link", name=re.compile(VIEW)).click()
    wait_for_query(page, "view=")
    agrees(page, rows)


def compare_three(page: Any, rows: pd.DataFrame) -> None:
    """The three first ones; their values and curves stand side by side."""
    address, three = page.url, rows.head(3)
    for number in three.number:
        page.get_by_label(f"Choose trial {number}", exact=True).check()
    page.locator("#compare-chosen").click()
    page.locator("#comparison-plots .plot .main-svg").first.wait_for(timeout=LONG)
    for key in ("score", LOSS, RATE, LAYERS):
        label = {"score": "Score (val_accuracy)"}.get(key, key.partition(":")[2])
        line = page.locator("#comparison tr").filter(
            has=page.get_by_role("rowheader", name=label, exact=True)
        )
        texts = line.first.locator("td").all_inner_texts()
        values = [float(text.split()[0]) for text in texts]
        assert values == pytest.approx(three[key].tolist(), rel=1e-3), key
    look(page, "reviewing-compare")
    page.goto(address)


def comment(page: Any, rows: pd.DataFrame) -> None:
    best = int(rows.number.iloc[0])
    page.locator(f"#row-{best}").click()
    write(page, f"**Shallow** is enough, @admin: see also #{rows.number.iloc[1]}.")
    assert page.locator(".comment strong").inner_text() == "Shallow"
    look(page, "reviewing-trial")
    page.go_back()
    agrees(page, rows)


def write(page: Any, text: str) -> None:
    page.wait_for_url("**/trials/*/")
    if not page.get_by_label("New comment").is_visible():
        page.locator("#notes-comments > summary").click()
    page.get_by_label("New comment").fill(text)
    comments = page.locator(".comment").count()
    page.get_by_role("button", name="Comment", exact=True).click()
    page.locator(".comment").nth(comments).wait_for()


def check_viewer(page: Any, project: int, address: str, rows: pd.DataFrame) -> None:
    """Who may only look reads and writes comments, and starts nothing."""
    page.goto(address)
    agrees(page, rows)
    assert page.locator("#refine").count() == 0
    assert page.request.get(f"/projects/{project}/searches/new/").status == 403
    page.locator(f"#row-{rows.number.iloc[0]}").click()
    write(page, "I agree.")
    assert page.locator(".comment").count() == 2


# --- Refining -------------------------------------------------------------------------------


def refine(page: Any, rows: pd.DataFrame) -> None:
    """Start a Bayesian search of three trials in the space that the rows span; its key."""
    page.locator("#refine").click()
    page.get_by_role("heading", name="Refine search 1").wait_for()
    page.get_by_text(f"Narrowed to the range of {len(rows)} of {TRIALS} trials").wait_for()
    low, high = map(float, re.findall(r"\d\.?\d*(?:e-\d+)?", narrowed(page, RATE))[:2])
    # Two digits, rounded outwards.
    assert low <= rows[RATE].min()
    assert low == pytest.approx(rows[RATE].min(), rel=0.1)
    assert high >= rows[RATE].max()
    assert high == pytest.approx(rows[RATE].max(), rel=0.1)
    spanned = rows[LAYERS].min(), rows[LAYERS].max()
    assert narrowed(page, LAYERS) == "{} to {}".format(*spanned)
    optimizers = set(narrowed(page, "hp:optimizer").split(", "))
    assert optimizers == set(rows["hp:optimizer"])
    page.get_by_label(f"Warm start with {len(rows)} trials").is_checked()
    assert page.locator("[name=tuner]").input_value() == "auto"
    page.locator("[name=max_trials]").fill("3")
    page.get_by_text("This search runs 3 trials").wait_for()
    look(page, "reviewing-refine")
    page.get_by_role("button", name="Start search").first.click()
    page.wait_for_url(re.compile(r"/searches/\d+/$"))


def narrowed(page: Any, key: str) -> str:
    """What the new search has in place of the old range."""
    line = page.locator("#space-compare tr").filter(
        has=page.get_by_role("rowheader", name=key.partition(":")[2], exact=True)
    )
    return str(line.locator("td").nth(1).inner_text())


def check_refined(page: Any, tuneroom: Tuneroom, search: int, rows: pd.DataFrame) -> None:
    """It knew the fed trials and ran others, within the space that was narrowed."""
    page.get_by_text(f"Warm start with {len(rows)} trials of search 1").wait_for()
    ((tuner, fed),) = query(
        tuneroom, "SELECT tuner, warm_start_count FROM tuning_search WHERE id = ?", search
    )
    assert (tuner, fed) == ("auto", len(rows))
    page.get_by_role("link", name="Space & settings").click()
    page.locator("#search-lineage [aria-current=page]").wait_for()
    trials = raw_trials(tuneroom, search)
    assert trials.status.tolist() == ["completed"] * 3
    for key in (RATE, LAYERS, "hp:dropout", "hp:units_1"):
        # Bounds of continuous ranges are rounded outwards to two digits.
        assert trials[key].min() >= rows[key].min() * 0.9
        assert trials[key].max() <= rows[key].max() * 1.1
    assert set(trials["hp:optimizer"]) <= set(rows["hp:optimizer"])
    names = [key for key in trials if key.startswith("hp:")]
    both = [table[names].map(known).to_numpy().tolist() for table in (rows, trials)]
    assert not [values for values in both[1] if values in both[0]]
    page.get_by_role("link", name="Trials", exact=True).click()
    page.locator("#trial-table").wait_for()
    wait_for(lambda: numbers_in(page) == trials.number.tolist(), "its own three trials")
    assert exact(page, "score") == [known(value) for value in trials.score]
    assert len(cells(page, RATE)) == 3
