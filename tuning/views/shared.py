"""Pieces of pages that many people follow at once: made once for each news, not once a person.

Only what is the same for everybody who may see it goes in here, and only after the view has found
out that the person may. Each process keeps its own copies, for seconds.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from tuning.models import Search

# By the next news nobody asks for them any more.
KEPT_SECONDS = 15
# Stands in the shared text where each person's own token belongs.
TOKEN = "the-token-of-the-one-who-asks"  # noqa: S105


def shared_text(search: Search, make: Callable[[], str], *key: Any) -> str:
    """What `make` says of the search at its present revision. `key` tells apart all that it
    depends on beyond the search: its name, roles, settings."""
    parts = repr((search.pk, search.revision, *key))
    # Addresses are longer than keys may be.
    name = sha256(parts.encode()).hexdigest()
    text: str | None = cache.get(name)
    if text is None:
        text = make()
        cache.set(name, text, KEPT_SECONDS)
    return text


def shared_fragment(
    request: HttpRequest, search: Search, template: str, context: Callable[[], dict[str, Any]],
    *key: Any,
) -> str:  # fmt: skip
    """A rendered fragment whose forms have the token of the one who asks."""

    def make() -> str:
        return render_to_string(template, {**context(), "csrf_token": TOKEN})

    text = shared_text(search, make, template, *key)
    return text.replace(TOKEN, get_token(request)) if TOKEN in text else text
