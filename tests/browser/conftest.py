"""A person in front of a running Tuneroom."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.services import PATIENCE, Tuneroom

# The browser's console reports what is no fault: what is refused, a connection that a test cut, a
# poll for which a busy machine took longer than htmx waits, or one that a page left behind. A lost
# connection has a message of its own after htmx:afterRequest.
HARMLESS = (
    r"status of 4(03|10|22)|^Response Status Error Code 403|net::ERR_FAILED"
    r"|^htmx:(afterRequest|sendAbort|timeout),"
)


@pytest.fixture(scope="session")
def unused() -> list[Any]:
    """Browsers (playwright's BrowserContext) that no test uses now, without anybody's cookies."""
    return []


@pytest.fixture
def visit(
    launch: Callable[..., Any], chromium: Any, tuneroom: Tuneroom, unused: list[Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Any]]:  # fmt: skip
    """A function that opens a page in a browser of its own, signed in as nobody. A script error, a
    blocked resource or a request to another host fails the test."""
    used: list[Any] = []
    special: list[Any] = []
    complaints: list[str] = []

    def listen(page: Any) -> None:
        page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and not re.search(HARMLESS, message.text)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((tuneroom.url, "data:", "blob:"))
                else complaints.append(f"request to {request.url}")
            ),
        )

    def new_browser(**options: Any) -> Any:
        # Nobody watches a spinner turn, and drawing it keeps a processor busy.
        settings = {"base_url": tuneroom.url, "reduced_motion": "reduce", **options}
        if options:
            context = chromium.new_context(**settings)
        else:
            # Each test has one that another has used: it has compiled Plotly before, which takes
            # most of a second and is kept in a folder only.
            context = launch(tmp_path_factory.mktemp("browser"), **settings)
        # Playwright's half a minute is one machine's.
        context.set_default_timeout(PATIENCE * 1000)
        return context

    def open_page(
        address: str = "/", viewport: Any = None, cookies: Sequence[Any] = (), **options: Any
    ) -> Any:
        context = unused.pop() if unused and not options else new_browser(**options)
        (special if options else used).append(context)
        context.add_cookies(cookies)
        page = context.new_page()
        if viewport:
            page.set_viewport_size(viewport)
        listen(page)
        page.goto(address)
        return page

    yield open_page
    for context in special:
        context.close()
    for context in used:
        forget_person(context, tuneroom.url)
    unused.extend(used)
    assert complaints == []


def forget_person(context: Any, site: str) -> None:
    """The first page is the one with which the browser came."""
    first, *pages = context.pages
    # The storage of a tab goes with it.
    for page in pages:
        page.close()
    context.clear_cookies()
    storage = {"origin": site, "storageTypes": "local_storage,indexeddb,cache_storage"}
    session = context.new_cdp_session(first)
    session.send("Storage.clearDataForOrigin", storage)
    session.detach()


@pytest.fixture(scope="session")
def first_session() -> list[Any]:
    """The cookies of the first account, once it has signed in."""
    return []


@pytest.fixture
def sign_in(
    visit: Callable[..., Any], tuneroom: Tuneroom, first_session: list[Any]
) -> Callable[..., Any]:
    """A function that opens a page, signed in as the first account or the given one. The first
    account signs in once for all tests."""

    def open_page(
        name: str = tuneroom.admin, password: str = tuneroom.password, **options: Any
    ) -> Any:
        is_first = name == tuneroom.admin
        if is_first and first_session:
            return visit("/", cookies=first_session, **options)
        page = visit("/", **options)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        if is_first:
            first_session.extend(page.context.cookies())
        return page

    return open_page
