"""Pieces of pages that many people follow at once: made once for each news, not once a person.

Only what is the same for everybody who may see it goes in here, and only after the view has found
out that the person may. Each process keeps its own copies, for seconds.
"""

import hashlib
import secrets
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from tuning.analysis.slots import workers_for
from tuning.analysis.trials.scope import Scope
from tuning.analysis.trials.selection import PLAIN, Selection
from tuning.models import Search, Star
from tuning.protocol.gpu_needs import GpuNeed

# By the next news nobody asks for them any more.
KEPT_SECONDS = 15
# Stands in the shared text where each person's own token belongs. Nobody can know it, and so write
# it into a note that sends the reader's token somewhere.
TOKEN = secrets.token_hex(32)
# Those who ask at once wait for the first one's answer. A few locks serve for all keys.
_LOCKS = [Lock() for _ in range(32)]


def shared_text(of: Search | Scope, make: Callable[[], str], *key: Any) -> str:
    """What `make` says of the search (or of the searches of a table) at the present revision. `key`
    tells apart all that it depends on beyond that: its name, roles, settings."""
    words = repr((of.pk, of.revision, *key))
    # Queries are longer than keys should be.
    name = hashlib.sha256(words.encode()).hexdigest()
    with _LOCKS[int(name, 16) % len(_LOCKS)]:
        text: str | None = cache.get(name)
        if text is None:
            text = make()
            cache.set(name, text, KEPT_SECONDS)
    return text


def online_workers(need: str = GpuNeed.NONE) -> int:
    """How many workers could do something with this need: looked at once a second for all who
    follow something."""
    return int(cache.get_or_set(f"online-workers-{need}", partial(workers_for, need), 1) or 0)


def shared_fragment(
    request: HttpRequest, of: Search | Scope, template: str, context: Callable[[], dict[str, Any]],
    *key: Any,
) -> str:  # fmt: skip
    """A rendered fragment whose forms have the token of the one who asks."""

    def make() -> str:
        return render_to_string(template, {**context(), "csrf_token": TOKEN})

    text = shared_text(of, make, template, *key)
    return text.replace(TOKEN, get_token(request)) if TOKEN in text else text


def key_of(selection: Selection) -> tuple[Any, ...]:
    """What a piece of the trials page depends on beyond the search and the role. Who has starred
    trials or looks at a saved view sees what others do not."""
    stars = Star.objects.filter(user=selection.user.pk, **selection.scope.where("trial__search"))
    own = selection.view not in ("", PLAIN) or stars.exists()
    return selection.query(), selection.problems, selection.user.pk if own else None
