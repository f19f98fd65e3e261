"""Headers and cookies that browsers protect people with, on whatever the site answers."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from webapp.security_headers import UNUSED_FEATURES

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Of a file that is no page, or of what is refused before there is one.
WITHOUT_PAGE = {"Content-Security-Policy", "X-Frame-Options"}


def directives(policy: str) -> set[str]:
    return {part.strip() for part in policy.split(";")}


@pytest.mark.parametrize(
    ("address", "status"),
    [("/", 200), ("/nothing/", 404), ("/accounts/login/", 200), ("/health/", 200),
     ("/api/v1/me", 401), ("/api/v1/nothing", 401), ("/admin/", 302)],
)  # fmt: skip
def test_every_answer_has_them(as_alice: Client, address: str, status: int) -> None:
    response = as_alice.get(address)
    assert response.status_code == status
    found = {name: response.headers.get(name) for name in HEADERS}
    policy, wanted = "Content-Security-Policy", dict(HEADERS)
    assert directives(found.pop(policy) or "") == directives(wanted.pop(policy))
    assert found == wanted
    assert {"private", "no-store", "no-cache"} & {*response["Cache-Control"].split(", ")}


def test_files_have_them_too(client: Client, db: None) -> None:
    response = client.get("/static/js/site.js")
    response.close()
    assert response.status_code == 200
    for name in HEADERS.keys() - WITHOUT_PAGE:
        assert response[name] == HEADERS[name]


def test_cookies_are_not_for_scripts_and_other_sites(alice: User, settings: Any) -> None:
    client = Client()
    client.get(reverse("login"))
    client.post(reverse("login"), {"username": "alice", "password": "alice-password-1"})
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert not cookie["domain"], name


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"])
def test_localhost_is_nobodys_name_for_the_site_but_this_machines(
    address: str, client: Client, settings: Any, db: None
) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    for local in ("127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
        assert client.get("/health/", REMOTE_ADDR=local, HTTP_HOST="localhost").status_code == 200
    refused = client.get("/health/", REMOTE_ADDR=address, HTTP_HOST="localhost")
    assert refused.status_code == 400
    assert "Set ALLOWED_HOSTS" in refused.content.decode()
    assert "HTTPS" in refused.content.decode()
    assert refused["X-Content-Type-Options"] == "nosniff"
    # In a container, where somebody named localhost.
    settings.ONLY_LOCAL = False
    assert client.get("/health/", REMOTE_ADDR=address, HTTP_HOST="localhost").status_code == 200


def test_a_head_request_gets_the_headers_alone(as_alice: Client, search: Any) -> None:
    export = reverse("trial-list", args=[search]) + "?format=csv"
    for address in (reverse("project-list"), export):
        get, head = as_alice.get(address), as_alice.head(address)
        assert (head.status_code, head["Content-Type"]) == (200, get["Content-Type"])
        assert (b"".join(head.streaming_content) if head.streaming else head.content) == b""
        assert get.getvalue()
    assert as_alice.head(reverse("session-end-others")).status_code == 405
