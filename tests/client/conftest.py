"""The client, whose requests go to the site without a network."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import tuneroom
from django.contrib.auth.models import User
from django.test import Client as Browser
from requests.adapters import BaseAdapter

from tests.supervisor.conftest import make_slot  # noqa: F401
from tests.views.conftest import add_trial, best, saved_model, search, worker  # noqa: F401
from tuning.actions.access_tokens import create_token
from tuning.models import Scope

SITE = "http://testserver"


def nothing(_: Any) -> None:
    pass


class SiteAdapter(BaseAdapter):
    """Sends requests to Django's test client. `before` and `after` may raise what a network
    would."""

    def __init__(self) -> None:
        super().__init__()
        self.browser = Browser()
        self.before: Callable[[requests.PreparedRequest], None] = nothing
        self.after: Callable[[requests.PreparedRequest], None] = nothing

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.before(request)
        address = urlsplit(str(request.url))
        body = request.body or b""
        # What urllib3 would unpack.
        request.headers["Accept-Encoding"] = "identity"
        found = self.browser.generic(
            str(request.method), f"{address.path}?{address.query}", body,
            content_type=request.headers.get("Content-Type", ""), headers=dict(request.headers),
        )  # fmt: skip
        self.after(request)
        answer = requests.Response()
        answer.status_code = found.status_code
        answer.headers.update(found.headers)
        answer.raw = io.BytesIO(found.getvalue() if found.streaming else found.content)
        answer.request, answer.url, answer.reason = request, str(request.url), found.reason_phrase
        return answer

    def close(self) -> None:
        pass


@pytest.fixture
def site() -> SiteAdapter:
    return SiteAdapter()


@pytest.fixture
def connected(bob: User, site: SiteAdapter) -> tuneroom.Client:
    """As bob, with a token that may make changes."""
    return _connected(create_token(bob, "notebook", Scope.WRITE), site)


@pytest.fixture
def owner(alice: User, site: SiteAdapter) -> tuneroom.Client:
    """As alice, who is an administrator of the site, too, with a token that manages teams."""
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    return _connected(create_token(alice, "admin", Scope.MANAGE), site)


def _connected(token: str, site: SiteAdapter) -> tuneroom.Client:
    """It does not sleep, and starts no threads."""
    session = requests.Session()
    session.mount(SITE, site)
    client = tuneroom.connect(SITE, token, session)
    client.http.sleep = nothing
    client.http.background = False
    return client
