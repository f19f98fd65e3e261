"""Reading the trials of a search together: what a reviewer does with the table."""

import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.reading import cells, column, head, in_shell, open_menu, shown, wait_for_query
from tests.browser.rows import COLLEAGUE, PASSWORD
from tests.browser.steps import LONG, look, number_in
from tests.services import Tuneroom, wait_for

pytestmark = pytest.mark.browser

# What htmx asks of the page when a poll was answered.
NEWS_ARE_SHOWN = """() => {
  const detail = {
    elt: document.body, requestConfig: {}, shouldSwap: true, xhr: { responseURL: "", status: 200 },
  };
  document.dispatchEvent(new CustomEvent("htmx:beforeSwap", { detail }));
  return detail.shouldSwap;
}"""


@pytest.fixture(scope="module")
def search(tuneroom: Tuneroom) -> int:
    """The key of a finished search of 130 trials."""
    return int(in_shell(tuneroom, "fill('Read together')"))


@pytest.fixture
def page(sign_in: Callable[..., Any], search: int) -> Any:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto(f"/searches/{search}/trials/")
    page.evaluate("window.sameDocument = true")
    return page


def test_sorting_by_one_column_and_another(page: Any) -> None:
    head(page, "metric:val_loss").locator(".sort").click()
    wait_for_query(page, r"\?sort=metric:val_loss$")
    assert column(page, "metric:val_loss") == sorted(column(page, "metric:val_loss"))
    head(page, "metric:val_loss").locator(".sort").click()
    wait_for_query(page, r"\?sort=-metric:val_loss$")
    head(page, "hp:units").locator(".sort").click()
    wait_for_query(page, r"\?sort=hp:units$")
    head(page, "score").locator(".sort").click(modifiers=["Shift"])
    wait_for_query(page, r"\?sort=hp:units&sort=score$")
    pairs = list(zip(column(page, "hp:units"), column(page, "score"), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (pair[0], -pair[1]))
    assert page.locator("#trial-table .sort-place").all_inner_texts() == ["2", "1"]
    # Without loading the page; and back again.
    page.go_back()
    wait_for_query(page, r"\?sort=hp:units$")
    assert head(page, "score").get_attribute("aria-sort") == "none"
    page.reload()
    assert head(page, "hp:units").get_attribute("aria-sort") == "ascending"


def test_hiding_and_moving_columns(page: Any) -> None:
    before = shown(page)
    open_menu(page, "status")
    page.locator("#do-hide").click()
    wait_for_query(page, "column=")
    assert shown(page) == [key for key in before if key != "status"]
    # By keyboard in the table; the moved head keeps the focus.
    head(page, "score").locator(".sort").focus()
    page.keyboard.press("Alt+ArrowRight")
    wait_for(lambda: shown(page)[1:3] == ["hp:units", "score"], "the column has moved")
    assert page.evaluate("document.activeElement.id") == "sort-score"
    assert "val_accuracy: column 3" in page.locator("#announcer").inner_text()
    # By keyboard in the list of columns.
    page.locator("#columns").click()
    line = page.locator('#column-order li[data-key="hp:units"]')
    line.locator("input").focus()
    page.keyboard.press("Alt+ArrowDown")
    wait_for(lambda: shown(page)[1:3] == ["score", "hp:units"], "the column is back")
    # By dragging there.
    line.drag_to(page.locator('#column-order li[data-key="hp:momentum"]'))
    wait_for(lambda: shown(page).index("hp:units") > 2, "the column was dragged")
    page.locator('#column-order input[value="metric:loss"]').check()
    wait_for(lambda: "metric:loss" in shown(page), "the column is shown")
    page.locator("#columns-reset").click()
    wait_for(lambda: shown(page) == before, "all is as it was")
    # By dragging a head.
    page.keyboard.press("Escape")
    head(page, "score").drag_to(head(page, "hp:optimizer"))
    wait_for(lambda: shown(page).index("score") > 3, "the head was dragged")
    assert page.evaluate("window.sameDocument")


def test_filtering_by_dragging_on_the_histogram(page: Any) -> None:
    open_menu(page, "hp:learning_rate")
    box = page.locator("#panel .histogram").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 30, steps=5)
    page.mouse.up()
    wait_for_query(page, "hp:learning_rate__between=")
    low = float(page.locator("#filter-low").input_value())
    high = float(page.locator("#filter-high").input_value())
    # A log scale: three tenths and six tenths of three decades.
    assert low == pytest.approx(10 ** (-4 + 0.9), rel=0.3)
    assert high == pytest.approx(10 ** (-4 + 1.8), rel=0.3)
    rates = column(page, "hp:learning_rate")
    assert rates
    assert all(low <= rate <= high for rate in rates)
    sentence = page.locator(".chip a").first.inner_text()
    assert sentence.startswith("learning_rate between")
    count = number_in(page.locator(".filter-count b").inner_text())
    assert count == len(rates) < 130
    # The handles by keyboard.
    page.locator("#handle-high").focus()
    page.keyboard.press("End")
    page.locator("#handle-low").focus()
    page.keyboard.press("ArrowRight")
    wait_for_query(page, "hp:learning_rate__gte=")
    assert page.evaluate("document.activeElement.id") == "handle-low"
    # What makes no sense is said where it was typed.
    page.locator("#filter-low").fill("much")
    page.locator("#filter-low").press("Enter")
    page.locator("#panel").get_by_text("“much” is not a number").wait_for()
    page.keyboard.press("Escape")
    page.locator(".chip-remove").click()
    wait_for(lambda: page.locator(".chip").count() == 0, "the filter is gone")
    assert page.locator("#trial-table tbody tr").count() == 100


def test_adding_a_filter_and_changing_it_through_its_chip(page: Any) -> None:
    page.locator("#add-filter").click()
    page.get_by_placeholder("Find a column").fill("optim")
    page.keyboard.press("Enter")
    page.locator("#panel").get_by_label(re.compile(r"\bsgd\b")).check()
    wait_for_query(page, "hp:optimizer__in=sgd")
    assert set(cells(page, "hp:optimizer")) == {"sgd"}
    page.locator("#panel").get_by_label("All except these").check()
    wait_for_query(page, "hp:optimizer__not=sgd")
    assert set(cells(page, "hp:momentum")) == {""}
    page.keyboard.press("Escape")
    page.locator(".chip a").first.click()
    page.locator("#panel").get_by_label(re.compile(r"\bsgd\b")).uncheck()
    wait_for(lambda: page.locator(".chip").count() == 0, "no filter is left")
    look(page, "trials")


def test_colours_frozen_columns_and_the_panel_fit(page: Any, search: int) -> None:
    page.goto(f"/searches/{search}/trials/?colour=score&freeze=3&sort=score")
    assert "deep-8" in page.locator("#trial-table td.score-cell").first.get_attribute("class")
    page.locator("#trial-scroll").evaluate("box => { box.scrollLeft = 400 }")
    places = [head(page, key).bounding_box() for key in ("number", "status", "score")]
    left = page.locator("#trial-scroll").bounding_box()["x"]
    assert places[0]["x"] == pytest.approx(left, abs=2)
    for one, following in itertools.pairwise(places):
        assert following["x"] == pytest.approx(one["x"] + one["width"], abs=1)
    page.set_viewport_size({"width": 390, "height": 844})
    open_menu(page, "number")
    box = page.locator("#panel").bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    look(page, "trials-panel")


def test_chosen_rows_stay_chosen_from_page_to_page(page: Any) -> None:
    page.get_by_label("Choose trial 2", exact=True).check()
    page.locator("#page-next").click()
    wait_for_query(page, "page=2")
    page.get_by_label("Choose trial 101").check()
    assert page.locator("#chosen-count").inner_text() == "2 selected"
    page.reload()
    assert page.get_by_label("Choose trial 101").is_checked()
    page.go_back()
    wait_for(lambda: "page=2" not in page.url, "the first page")
    assert page.get_by_label("Choose trial 2", exact=True).is_checked()
    # Tagged together, although one of them is on another page.
    page.locator("#chosen-tags").fill("promising")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_text(re.compile("Tagged 2 trials")).wait_for()
    assert cells(page, "tags")[1] == "promising"
    page.goto(page.url.split("?")[0] + "?tags__any=promising")
    assert [text.strip() for text in cells(page, "number")] == ["2", "101"]
    page.locator("#chosen-clear").click()
    assert page.locator("#chosen").is_hidden()


def test_a_saved_view_opens_for_a_colleague(
    page: Any, search: int, sign_in: Callable[..., Any]
) -> None:
    page.goto(
        f"/searches/{search}/trials/?score__top=10%25&sort=score&column=score&column=hp:units"
    )
    page.locator("#views").click()
    page.locator("#panel").get_by_label("Name").fill("The best tenth")
    page.locator("#panel").get_by_label("Share with team").check()
    page.get_by_role("button", name="Save view").click()
    page.get_by_text("View “The best tenth” saved.").wait_for()

    other = sign_in(name=COLLEAGUE, password=PASSWORD)
    other.goto(f"/searches/{search}/trials/")
    other.locator("#views").click()
    other.locator("#panel").get_by_role("link", name=re.compile("The best tenth")).click()
    wait_for_query(other, "score__top=10")
    assert shown(other) == ["number", "score", "hp:units"]
    assert other.locator("#trial-table tbody tr").count() == 13
    assert cells(other, "score") == cells(page, "score")
    assert other.locator("#views").inner_text() == "View: The best tenth"


def test_without_scripts_the_same_links_and_forms_load_pages(
    page: Any, search: int, chromium: Any, tuneroom: Tuneroom
) -> None:
    cookies = page.context.cookies()
    context = chromium.new_context(base_url=tuneroom.url, java_script_enabled=False)
    context.set_default_timeout(LONG)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"/searches/{search}/trials/")
    plain.locator('th[data-key="score"] .sort').click()
    assert "sort=score" in plain.url
    plain.locator('th[data-key="hp:units"] .column-menu').click()
    plain.get_by_label("From", exact=True).fill("32")
    plain.get_by_role("button", name="Filter").click()
    assert plain.url.endswith("?hp:units__gte=32&sort=score")
    assert plain.locator(".chip").count() == 1
    context.close()


def test_news_come_in_without_disturbing_anybody(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    """The search is paused, so that no worker takes it up."""
    pk = int(in_shell(tuneroom, "fill('Followed', 40, 'paused')"))
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto(f"/searches/{pk}/trials/?sort=-number&hp:units__gte=8")
    page.get_by_label("Choose trial 3", exact=True).check()
    page.locator("#trial-scroll").evaluate("box => { box.scrollTop = 120 }")
    open_menu(page, "score")
    page.locator("#filter-low").fill("0.1")
    in_shell(tuneroom, f"add({pk})")
    wait_for(lambda: "41" in cells(page, "number")[0], "the new trial is on the page")
    assert page.locator(".filter-count").inner_text() == "41 of 41 trials"
    assert page.locator("#filter-low").input_value() == "0.1"
    assert page.evaluate("document.activeElement.id") == "filter-low"
    assert page.locator("#trial-scroll").evaluate("box => box.scrollTop") == 120
    assert page.get_by_label("Choose trial 3", exact=True).is_checked()
    assert "sort=-number" in page.url
    # What is pressed is there until it is let go.
    page.keyboard.press("Escape")
    page.locator("#views").hover()
    page.mouse.down()
    assert page.evaluate(NEWS_ARE_SHOWN) is False
    page.mouse.up()
    assert page.evaluate(NEWS_ARE_SHOWN) is True


def test_names_in_plots_are_text(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    """Plotly would make links of some."""
    search = in_shell(tuneroom, "fill('Marked up', 20)")
    in_shell(tuneroom, f"mark_up({search})")
    page = sign_in()
    axes = ["hp:<b>size</b>", "hp:kind"]
    plots = [("parallel", "axes"), ("slice", "axes"), ("matrix", "columns")]
    asked = [("plot", name) for name, _ in plots]
    asked += [(f"plot.{name}.{option}", axis) for name, option in plots for axis in axes]
    page.goto(f"/searches/{search}/trials/?{urlencode(asked)}")
    for name, _ in plots:
        # Plots are drawn once they are in sight.
        page.locator(f"#plot-{name}").scroll_into_view_if_needed()
        texts = page.locator(f"#plot-{name} svg text")
        texts.filter(has_text="<b>size</b>").first.wait_for()
        # Plotly hides labels for which there is no room.
        link = texts.filter(has_text='<a href="https://example.org">1</a>').first
        link.wait_for(state="attached")
    assert page.locator("#plot-board svg a").count() == 0
