"""Headers, cookies and forms of the running site, page by page: nothing is found that SECURITY.md
does not explain. It needs no browser, but shares their Tuneroom."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from tests.services import ROOT, Tuneroom
from tests.views.test_security_headers import HEADERS, WITHOUT_PAGE, directives

pytestmark = pytest.mark.browser

MAX_PAGES = 150
# Without an account, and what is no page.
STARTS = ("/accounts/login/", "/accounts/password_reset/", "/nothing/", "/api/v1/me", "/health/")
LOADS = {"src", "href", "action", "formaction", "data", "poster", "srcset", "hx-get", "hx-post"}
Found = tuple[str, str]


class Page(HTMLParser):
    """What a scanner looks at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[Found] = set()
        self.links: list[str] = []
        self.targets: list[str] = []
        self._form: dict[str, str] | None = None
        self._inputs: list[dict[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in pairs}
        for name, value in attributes.items():
            if name.startswith("on") or name == "style" or value.startswith("javascript:"):
                self.found.add(("Inline script or style", f"<{tag} {name}>"))
            if name in LOADS:
                self.targets.append(value)
        if (tag == "script" and "src" not in attributes) or tag == "style":
            self.found.add(("Inline script or style", f"<{tag}>"))
        if tag == "a" and "download" not in attributes:
            self.links.append(attributes.get("href", ""))
        if tag == "form":
            self._form, self._inputs = attributes, []
        if tag in ("input", "textarea", "select") and self._form is not None:
            self._inputs.append(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            self.found |= {(kind, str(self._form)) for kind in self._faults(self._form)}
            self._form = None

    def _faults(self, form: dict[str, str]) -> Iterator[str]:
        names = {each.get("name", "") for each in self._inputs}
        passwords = [each for each in self._inputs if each.get("type") == "password"]
        is_post = form.get("method", "get").lower() == "post"
        if (is_post or "hx-post" in form) and "csrfmiddlewaretoken" not in names:
            yield "Form without a CSRF token"
        if not is_post and ("csrfmiddlewaretoken" in names or passwords):
            yield "Secret in the address"
        if any(not each.get("autocomplete") for each in passwords):
            yield "Password field without autocomplete"


def of_headers(headers: Any) -> Iterator[Found]:
    is_page = headers.get("Content-Type", "").startswith("text/html")
    for name, wanted in HEADERS.items():
        found = headers.get(name, "")
        if name in WITHOUT_PAGE and not is_page:
            continue
        if directives(found) != directives(wanted):
            yield "Missing header", f"{name}: {found}"
    if is_page and not re.search("private|no-store", headers.get("Cache-Control", "")):
        yield "Page for shared caches", headers.get("Cache-Control", "")
    if "Strict-Transport-Security" not in headers:
        yield "No HSTS", ""
    if server := headers.get("Server"):
        yield ("Server header" if server == "gunicorn" else "Version in a header"), server
    for name in ("X-Powered-By", "Access-Control-Allow-Origin"):
        if name in headers:
            yield "Header that tells too much", name


def of_cookie(cookie: Cookie) -> Iterator[Found]:
    if not cookie.has_nonstandard_attr("HttpOnly"):
        yield "Cookie without HttpOnly", cookie.name
    if cookie.get_nonstandard_attr("SameSite") not in ("Lax", "Strict"):
        yield "Cookie without SameSite", cookie.name
    if not cookie.secure:
        yield "Cookie without Secure", cookie.name
    if cookie.domain_specified or cookie.path != "/":
        yield "Cookie for more than the site", cookie.name


class Scan:
    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = CookieJar()
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))
        self.found: set[Found] = set()
        self.seen: set[str] = set()

    def ask(self, path: str, data: dict[str, str] | None = None) -> str:
        """The text of a page, once its headers were looked at."""
        sent = urlencode(data).encode() if data else None
        request = Request(self.url + path, sent, {"Referer": self.url + path})  # noqa: S310
        try:
            answer: Any = self.opener.open(request, timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            self.found |= {(kind, f"{path}: {what}") for kind, what in of_headers(answer.headers)}
            is_page = answer.headers.get("Content-Type", "").startswith("text/html")
            return answer.read().decode() if is_page else ""

    def sign_in(self, name: str, password: str) -> None:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.ask("/accounts/login/"))
        assert token
        page = self.ask(
            "/accounts/login/",
            {"username": name, "password": password, "csrfmiddlewaretoken": token[1]},
        )
        assert "account-menu" in page

    def walk(self, *waiting: str) -> None:
        """All pages that links lead to, of each kind one."""
        paths = list(waiting)
        while paths and len(self.seen) < MAX_PAGES:
            path = paths.pop(0)
            kind = re.sub(r"\d+", "#", urlsplit(path).path)
            if kind in self.seen:
                continue
            self.seen.add(kind)
            page = Page(self.ask(path))
            self.found |= {(what, f"{path}: {where}") for what, where in page.found}
            for target in page.targets:
                whole = urljoin(self.url + path, target)
                if not whole.startswith((self.url + "/", "data:", "mailto:")) and whole != self.url:
                    self.found.add(("Third-party host", f"{path}: {whole}"))
            paths += [each for each in page.links if each.startswith("/") and "format=" not in each]


def test_nothing_is_found_that_is_not_explained(tuneroom: Tuneroom) -> None:
    scan = Scan(tuneroom.url)
    scan.walk(*STARTS)
    scan.sign_in(tuneroom.admin, tuneroom.password)
    scan.walk("/", "/projects/new/", "/people/", "/static/js/site.js", "/admin/")
    for cookie in scan.cookies:
        scan.found |= set(of_cookie(cookie))
    assert len(scan.seen) > 25
    assert len(list(scan.cookies)) == 3
    _, _, section = (ROOT / "SECURITY.md").read_text().partition("## What scanners find")
    explained = set(re.findall(r"^- \*\*(.+?)\*\*", section, re.MULTILINE))
    unexplained = [found for found in sorted(scan.found) if found[0] not in explained]
    assert unexplained == []
    assert explained == {kind for kind, _ in scan.found}, "what is explained is still so"


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<form method="post"><input name="a"></form>', "Form without a CSRF token"),
        ('<form><input type="password" autocomplete="off"></form>', "Secret in the address"),
        (
            '<form method="post"><input name="csrfmiddlewaretoken"><input type="password"></form>',
            "Password field without autocomplete",
        ),
        ("<script>1</script>", "Inline script or style"),
        ('<p onclick="1">', "Inline script or style"),
    ],
)
def test_a_fault_is_found(html: str, kind: str) -> None:
    assert {found for found, _ in Page(html).found} == {kind}
