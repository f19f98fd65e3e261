"""Who was called by name: how many calls a person has not seen, and the calls themselves."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString

from tuning.models import Mention

from .comments import written
from .notes import search_of, subject_of

MAX_NEW = 100
PAGE = 50


@dataclass(frozen=True)
class Call:
    mention: Mention
    html: SafeString


def unseen_count(user: Any) -> int:
    return int(Mention.objects.of(user).unseen().count())


def new_calls(user: Any) -> list[Call]:
    rows = _mentions(user).filter(seen_at__isnull=True).order_by("-comment__created_at", "-pk")
    return _calls(user, list(rows[:MAX_NEW]))


def seen_calls(user: Any, page: Any) -> tuple[list[Call], Page]:
    rows = _mentions(user).filter(seen_at__isnull=False)
    found = Paginator(rows.order_by("-comment__created_at", "-pk"), PAGE).get_page(page)
    return _calls(user, list(found.object_list)), found


def _mentions(user: Any) -> Any:
    trial = "comment__trial__search__project"
    return (
        Mention.objects.of(user)
        .select_related("comment__author", trial, "comment__search__project")
        .defer(
            "comment__trial__layers", "comment__trial__log_tail",
            "comment__trial__failure_traceback", "comment__trial__search__oracle_state",
            "comment__trial__search__space", "comment__search__oracle_state",
            "comment__search__space",
        )
    )  # fmt: skip


def _calls(user: Any, mentions: list[Mention]) -> list[Call]:
    places = [search_of(subject_of(mention.comment)) for mention in mentions]
    texts = [mention.comment.text for mention in mentions]
    pieces = written(user, list(zip(places, texts, strict=True)))
    return [Call(*pair) for pair in zip(mentions, pieces, strict=True)]
