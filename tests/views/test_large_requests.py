"""Who may send more than a form. (How slow clients are treated: tests/ops/test_slow_clients.py.)"""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.http import UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import reverse

from tuning.views.uploads import MAX_PARALLEL, UploadsMiddleware, takes_files

FORM = b"x" * (settings.FORM_MAX_KB * 1024 + 1)
LARGE = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
KIND = "application/octet-stream"


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["login", "password_reset", "dataset-create", "team-create"])
def test_strangers_send_small_forms(client: Client, page: str) -> None:
    response = client.post(reverse(page), FORM, content_type=KIND)
    assert response.status_code == 413
    assert response.content == b"Sign in to upload files.\n"
    assert not client.session.items()


def test_only_pages_for_files_take_more_than_a_form(as_alice: Client) -> None:
    url = reverse("team-create")
    assert as_alice.post(url, LARGE, content_type=KIND).status_code == 413
    assert as_alice.post(url, FORM, content_type=KIND).status_code == 200, "a large form is one"
    assert as_alice.post(reverse("dataset-create"), LARGE, content_type=KIND).status_code == 422


@pytest.mark.parametrize("page", ["team-create", "dataset-create", "hypermodel-create"])
def test_more_text_than_a_form_may_have_is_refused_with_a_sentence(
    as_alice: Client, page: str
) -> None:
    data = {"name": "x" * len(LARGE)}
    response = as_alice.post(reverse(page), data, headers={"Accept": "text/html"})
    assert response.status_code == 413
    text = response.content.decode()
    assert "The form has more than 8 MB of text. Shorten the longest text" in text
    assert "your browser still has what you entered" in text
    assert as_alice.post(reverse(page), data).content.startswith(b"The form has more than 8 MB")


def test_pages_know_how_much_text_a_form_may_have(as_alice: Client) -> None:
    page = as_alice.get(reverse("team-create")).content.decode()
    assert f'name="form-limit" content="{settings.DATA_UPLOAD_MAX_MEMORY_SIZE}"' in page


def test_a_place_is_free_again_however_a_request_ends(alice: User) -> None:
    def begin() -> int | None:
        request = RequestFactory().post("/", LARGE, content_type=KIND)
        request.user = alice
        waiting.append(request)
        refused = middleware.process_view(request, takes_files(lambda _: None), (), {})
        return refused and refused.status_code

    def broken(_request: object) -> object:
        raise ZeroDivisionError

    waiting: list[object] = []
    middleware = UploadsMiddleware(broken)  # type: ignore[arg-type]
    assert [begin() for _ in range(MAX_PARALLEL + 1)] == [None] * MAX_PARALLEL + [429]
    with pytest.raises(ZeroDivisionError):
        middleware(waiting[0])  # type: ignore[arg-type]
    assert [begin(), begin()] == [None, 429]


def test_a_request_that_broke_off_has_an_answer() -> None:
    middleware = UploadsMiddleware(lambda _: None)  # type: ignore[arg-type, return-value]
    request = RequestFactory().post("/")
    response = middleware.process_exception(request, UnreadablePostError())
    assert response is not None
    assert response.status_code == 408
    assert middleware.process_exception(request, ValueError()) is None
