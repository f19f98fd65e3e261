"""axe-core finds no violation on any page, at both widths and in both themes; pages are reached by
the keyboard alone."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from .steps import LONG, start_search, wait_until_completed

# Axe's own `run` sends the whole script, half a megabyte, with each of four looks at a page.
RUN_AXE = """
(options, context) => axe.run(context || document, {resultTypes: ["violations"], ...options})
  .then(({violations}) =>
    violations.flatMap(({id, nodes}) => nodes.map(node => [id, node.html.slice(0, 120)])))
"""
# Nine tenths of axe's work is contrast. What lies behind each text is looked at once, in the light
# theme on a wide screen. Then three texts of each colour, size and weight on each pile of colours
# are enough.
RUN_AXE_ON_COLOURS = """
() => {
  const piles = new Map([[null, ""]]), texts = new Map();
  const style = (element, ...names) => {
    const computed = getComputedStyle(element);
    return names.map(name => computed.getPropertyValue(name)).join(" ");
  };
  const isSeen = element => {
    const {width, height} = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility();
  };
  for (const element of document.querySelectorAll("*")) {
    const below = piles.get(element.parentElement);
    const own = style(element, "background-color", "background-image", "opacity", "filter");
    const pile = own === "rgba(0, 0, 0, 0) none 1 none" ? below : `${below}/${own}`;
    piles.set(element, pile);
    const hasText = element.matches("input, select, textarea") || [...element.childNodes].some(
      ({nodeType, data}) => nodeType === Node.TEXT_NODE && data.trim()
    );
    if (!hasText || !isSeen(element)) continue;
    const text = style(element, "color", "font-size", "font-weight", "text-shadow", "position");
    const isOff = element.closest(":disabled, [aria-disabled=true]") !== null;
    const kind = `${pile} ${text} ${isOff}`;
    texts.set(kind, [...texts.get(kind) || [], element].slice(0, 3));
  }
  const include = [...texts.values()].flat();
  return (RUN_AXE)({runOnly: ["color-contrast"]}, {include});
}
""".replace("RUN_AXE", RUN_AXE)
NO_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}
# Width, theme and what runs there. All rules but the one on colours do not depend on the theme.
LOOKS = [
    (1280, "light", RUN_AXE, {}),
    (1280, "dark", RUN_AXE_ON_COLOURS, {}),
    (390, "light", RUN_AXE, NO_COLOURS),
    (390, "light", RUN_AXE_ON_COLOURS, {}),
    (390, "dark", RUN_AXE_ON_COLOURS, {}),
]
pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

SITE = [
    "/", "/projects/new/?step=data&dataset=1",
    "/projects/new/?step=template&dataset=1&hypermodel=1",
    "/projects/new/?step=split&dataset=1&hypermodel=1",
    "/datasets/", "/datasets/1/", "/datasets/new/", "/templates/",
    "/templates/1/", "/templates/new/", "/teams/", "/teams/1/", "/workers/", "/help/",
    "/help/trials/", "/mentions/", "/notifications/", "/notifications/settings/",
    "/profile/", "/access-tokens/",
    "/queue/", "/disk/", "/quotas/", "/quotas/1/", "/audit-log/", "/audit-log/sign-ins/",
    "/gallery/", "/teams/1/audit-log/", "/teams/1/handover/", "/teams/1/webhooks/",
    "/sessions/", "/accounts/password_change/", "/people/", "/people/new/", "/people/1/",
    "/people/1/deactivate/", "/help/teams/", "/help/api/", "/help/api/reference/",
]  # fmt: skip
PROJECT = [
    "", "models/", "data/", "activity/", "settings/", "move/", "notifications/", "delete/",
    "searches/new/",
    "searches/new/?search={search}",
    "searches/import/", "searches/compare/", "compare/?add={trial}",
]  # fmt: skip
SEARCH = ["", "trials/", "trials/?plot=history", "failures/", "settings/", "comments/", "try/"]


def test_every_page_is_accessible(sign_in: Callable[..., Any]) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/projects/1/")
    start_search(page, tuner="random", max_trials="3", epochs="1")
    wait_until_completed(page)
    search = urlsplit(page.url).path
    page.goto(f"{search}trials/")
    first = page.locator("#trial-table tbody tr").first
    key, trial = first.get_attribute("data-trial"), first.locator("th a").get_attribute("href")
    page.goto(search)
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    page.locator("table.confusion").wait_for(timeout=LONG)
    model = urlsplit(page.url).path
    addresses = [
        *SITE,
        *(f"/projects/1/{at.format(search=1, trial=key)}" for at in PROJECT),
        *(f"{search}{at}" for at in SEARCH),
        trial,
        *(f"{model}{at}" for at in ("", "card/", "compare/", "predict/")),
    ]
    found = [problem for address in addresses for problem in violations(page, address)]
    assert found == []
    by_keyboard(page, search)


def by_keyboard(page: Any, search: str) -> None:
    """The palette finds a trial, `?` lists the shortcuts, Down opens a menu, Escape closes it."""
    page.goto("/help/")
    page.keyboard.press("Control+k")
    # At once: between letters the palette may answer the first of them.
    page.keyboard.insert_text("trial 1")
    page.locator("#palette-items").get_by_text("Trial 1", exact=False).first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/trials/*/")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keyboard shortcuts").wait_for(state="hidden")
    page.goto(search)
    page.locator("#search-more").focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Retrain with other settings"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Try values"
    page.keyboard.press("Escape")
    page.locator("#more-menu").wait_for(state="hidden")


def violations(page: Any, address: str) -> list[str]:
    """Of a page, as one line each, in all looks."""
    found = []
    answer = page.goto(address)
    assert answer.status == 200, address
    page.evaluate(AXE_SCRIPT)
    for width, theme, run, options in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.locator("html").evaluate("(html, theme) => { html.dataset.theme = theme; }", theme)
        broken = page.evaluate(run, options)
        found += [f"{address} {width} {theme}: {rule}: {html}" for rule, html in broken]
    page.set_viewport_size({"width": 1280, "height": 900})
    return found
