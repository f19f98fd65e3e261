"""Plots of a search's trials, linked to the table: what a reviewer does with them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.reading import asked, drag, in_shell, open_plot, place
from tests.browser.steps import look
from tests.services import Tuneroom, wait_for
from tuning.analysis.plots import PLOTS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def search(tuneroom: Tuneroom) -> int:
    """The key of a finished search of 130 trials."""
    return int(in_shell(tuneroom, "fill('Plotted together')"))


@pytest.fixture
def page(sign_in: Callable[..., Any], search: int) -> Any:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto(f"/searches/{search}/trials/")
    page.evaluate("window.sameDocument = true")
    return page


def left(page: Any) -> int:
    text = page.locator(".filter-count").inner_text()
    return int(re.match(r"\d+", text)[0])  # type: ignore[index]


def test_a_brush_is_a_filter(page: Any) -> None:
    plot = open_plot(page, "parallel")
    # The first axis is units: the lower half of it.
    drag(page, place(plot, 0, -0.03), place(plot, 0.02, 0.5))
    wait_for(lambda: "hp:units__between" in asked(page), "the address has the brush")
    low, high = map(float, asked(page)["hp:units__between"][0].split(","))
    assert low <= 8
    assert 32 <= high < 40
    wait_for(lambda: left(page) < 130, "the table follows")
    assert page.locator(".chip").count() == 1
    shapes = "plot => plot.layout.shapes.length"
    wait_for(lambda: plot.evaluate(shapes) == 1, "the brush is drawn")
    # A second one, on the optimizer, and the first is still there.
    drag(page, place(plot, 1, 0.8), place(plot, 1.02, 1.04))
    wait_for(lambda: asked(page).get("hp:optimizer__in") == ["sgd"], "both brushes hold")
    assert "hp:units__between" in asked(page)
    wait_for(lambda: plot.evaluate(shapes) == 2, "both brushes are drawn")
    page.go_back()
    wait_for(lambda: plot.evaluate(shapes) == 1, "back takes the second brush away")
    assert page.evaluate("window.sameDocument") is True


def test_axes_are_moved_by_their_names(page: Any) -> None:
    plot = open_plot(page, "parallel")
    name = plot.locator(".annotation-text-g").first
    box = name.bounding_box()
    start = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    behind = place(plot, 1.5, 0)[0]
    drag(page, start, (behind, start[1]))
    wait_for(lambda: "plot.parallel.axes" in asked(page), "the address has the order")
    assert asked(page)["plot.parallel.axes"][:2] == ["hp:optimizer", "hp:units"]
    wait_for(
        lambda: plot.locator(".annotation-text").first.text_content() == "optimizer",
        "the axes are drawn in their new order",
    )


def test_axes_are_put_in_order_without_a_mouse(page: Any) -> None:
    plot = open_plot(page, "parallel")
    first = plot.locator(".annotation-text").first
    page.locator("#plot-parallel summary").press("Enter")
    box = page.locator("#plot-parallel .plot-choices").get_by_label("learning_rate", exact=True)
    box.focus()
    for _ in range(3):
        page.keyboard.press("Alt+ArrowUp")
    wait_for(lambda: first.text_content() == "learning_rate", "the axis is the first one")
    keys = asked(page)["plot.parallel.axes"]
    assert keys[:3] == ["hp:learning_rate", "hp:units", "hp:optimizer"]
    # The list was made anew; who moves an axis goes on where they were.
    assert page.evaluate("document.activeElement.value") == "hp:learning_rate"
    assert "place 1 of 5" in page.locator("#announcer").inner_text()
    page.get_by_role("button", name="Move learning_rate down").press("Enter")
    wait_for(lambda: first.text_content() == "units", "the button moves it too")
    box.press("Space")
    wait_for(lambda: len(asked(page)["plot.parallel.axes"]) == 4, "it is not drawn any more")
    page.reload()
    plot.locator(".annotation-text").nth(3).wait_for()
    assert plot.locator(".annotation-text").count() == 4


def test_ticked_trials_are_the_ones_whose_curves_are_drawn(
    page: Any, sign_in: Callable[..., Any]
) -> None:
    drawn = "plot => plot.data.map(trace => trace.name)"
    plot = open_plot(page, "curves")
    assert len(plot.evaluate(drawn)) == 10
    boxes = page.locator("#trial-table .choose")
    for row in (20, 3):
        boxes.nth(row).check()
    keys = [boxes.nth(row).get_attribute("value") for row in (20, 3)]
    wait_for(lambda: asked(page).get("plot.curves.trial") == keys, "the address has the trials")
    wait_for(lambda: len(plot.evaluate(drawn)) == 2, "their curves are drawn")
    names = plot.evaluate(drawn)
    # A colleague, who has ticked nothing, gets the same curves.
    other = sign_in(viewport={"width": 1280, "height": 900})
    other.goto(page.url)
    theirs = other.locator("#plot-curves .plot")
    theirs.locator(".main-svg").first.wait_for()
    assert theirs.evaluate(drawn) == names
    # One step back is before the plot was opened: ticking makes none.
    page.get_by_role("button", name="Clear").click()
    wait_for(lambda: len(plot.evaluate(drawn)) == 10, "the best ones are drawn again")
    assert "plot.curves.trial" not in asked(page)
    page.go_back()
    wait_for(lambda: "plot" not in asked(page), "back closes the plot")


def test_a_box_is_a_filter_on_both_axes(page: Any) -> None:
    plot = open_plot(page, "history")
    ends = plot.evaluate("plot => plot._fullLayout.yaxis.range")
    drag(page, place(plot, 20, ends[0] + 0.01), place(plot, 60, ends[1] - 0.005))
    wait_for(lambda: "number__between" in asked(page), "the address has the box")
    low, high = map(float, asked(page)["number__between"][0].split(","))
    assert abs(low - 20) < 2
    assert abs(high - 60) < 2
    assert "score__between" in asked(page)
    wait_for(lambda: left(page) <= 43, "the table follows")
    points = "plot => plot.data[0].x.every(number => number >= 18 && number <= 62)"
    wait_for(lambda: plot.evaluate(points), "the plot follows")


def test_opening_a_plot_asks_for_the_same_figures_once(page: Any) -> None:
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    open_plot(page, "history")
    page.wait_for_load_state("networkidle")
    figures = [url for url in urls if "/plots/history.json" in url]
    assert figures
    assert len(set(figures)) == len(figures)


def test_a_point_opens_its_trial_beside_the_plot(page: Any) -> None:
    plot = open_plot(page, "history")
    number, score = plot.evaluate("plot => [plot.data[0].x[30], plot.data[0].y[30]]")
    x, y = place(plot, number, score)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    card = page.locator("#trial-card")
    card.get_by_role("link", name=f"Trial {number}", exact=True).wait_for()
    assert page.evaluate("document.activeElement.id") == "trial-card"
    # As on its own page it can be starred and compared.
    star = card.get_by_role("button", name="Star")
    star.click()
    card.locator('.star-button[aria-pressed="true"]').wait_for()
    star.click()
    card.locator('.star-button[aria-pressed="false"]').wait_for()
    compare = card.get_by_role("link", name="Add to comparison").get_attribute("href")
    assert compare.endswith(f"?add=1.{number}")
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.closest('#plot-history') !== null")


def test_a_line_opens_its_trial_too(page: Any) -> None:
    plot = open_plot(page, "parallel")
    # Near the top of the last axis there is one line: the best trial's.
    axes = plot.evaluate("plot => plot.layout.annotations.length")
    page.mouse.click(*place(plot, axes - 1.02, 0.999))
    page.locator("#trial-card h3").wait_for()


def test_every_plot_is_drawn_and_saved(page: Any, tmp_path: Any) -> None:
    for name in (plot.name for plot in PLOTS.values() if not plot.of_several):
        open_plot(page, name)
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg")):
            with page.expect_download() as download:
                page.locator(f'#plot-{name} [data-save="{kind}"]').click()
            path = tmp_path / f"{name}.{kind}"
            download.value.save_as(path)
            assert path.read_bytes().startswith(start), name
            assert download.value.suggested_filename.endswith(f"-{name}.{kind}")
    # A colleague gets them all by the address.
    shown = page.locator(".plot-toggles [aria-pressed=true]").count()
    page.reload()
    wait_for(
        lambda: page.locator(".plot-toggles [aria-pressed=true]").count() == shown, "all are open"
    )
    look(page, "plots")


def test_importances_are_computed_by_the_worker(page: Any) -> None:
    plot = open_plot(page, "importances")
    names = plot.evaluate("plot => plot.data[0].y")
    assert names[0] == "learning_rate"
    note = page.locator("#plot-importances .plot-note")
    wait_for(lambda: "PED-ANOVA over 130" in note.inner_text(), "the note says of how many trials")


def test_new_trials_leave_what_was_chosen(sign_in: Callable[..., Any], tuneroom: Tuneroom) -> None:
    pk = int(in_shell(tuneroom, "fill('Still plotted', 40, 'paused')"))
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto(f"/searches/{pk}/trials/?hp:units__between=8,32")
    history, parallel = open_plot(page, "history"), open_plot(page, "parallel")
    history.locator(".legendtoggle").nth(1).click()
    hidden = "plot => plot._fullData[1].visible === 'legendonly'"
    wait_for(lambda: history.evaluate(hidden), "the best-so-far line is hidden")
    count = "plot => plot.data[0].y.length"
    before = parallel.evaluate(count)
    in_shell(tuneroom, f"add({pk})")
    wait_for(lambda: parallel.evaluate(
        "plot => plot.data.reduce((sum, trace) => sum + trace.y.length, 0)") > before,
        "the new trial is drawn")  # fmt: skip
    assert history.evaluate(hidden)
    assert parallel.evaluate("plot => plot.layout.shapes.length") == 1
    assert asked(page)["hp:units__between"] == ["8,32"]


def test_open_plots_are_remembered_unless_the_address_says_others(page: Any, search: int) -> None:
    open_plot(page, "history")
    page.goto(f"/searches/{search}/trials/")
    page.locator("#plot-history .main-svg").first.wait_for()
    wait_for(lambda: asked(page).get("plot") == ["history"], "the address has the plot")
    page.goto(f"/searches/{search}/trials/?plot=distribution")
    page.locator("#plot-distribution .main-svg").first.wait_for()
    assert page.locator("#plot-history").is_hidden()


def test_on_a_phone_the_score_stays_beside_the_first_column(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    boxes = """() => ["th:first-child", ".score-cell", "td:last-child"].map((cell) => {
      const box = document.querySelector(`#trial-table tbody tr ${cell}`).getBoundingClientRect();
      return [box.left, box.right];
    })"""
    page.locator("#trial-scroll").evaluate("box => { box.scrollLeft = 600; }")
    wait_for(lambda: page.evaluate(boxes)[1][0] == pytest.approx(page.evaluate(boxes)[0][1], abs=1),
             "the score stays")  # fmt: skip
    first, score, _ = page.evaluate(boxes)
    assert first[0] >= 0
    assert score[1] < 300, "there is room for the others"
