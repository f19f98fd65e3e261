"""What the palette (Ctrl-K) finds: pages, and what people have named or numbered."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Team, Trial

# Of each kind.
MAX_FOUND = 6
# A number with what it counts: "trial 12", "search 3", "#12" for a trial.
_NUMBERED = re.compile(r"(?:\b(trials?|search(?:es)?)\s*|(#))(\d{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """`kind` is what it is, `note` where it belongs."""

    kind: str
    label: str
    note: str
    url: str


@dataclass(frozen=True)
class Query:
    """The words of a query, and the numbers that it names."""

    words: list[str]
    search: int | None
    trial: int | None

    @classmethod
    def read(cls, text: str) -> "Query":
        numbers: dict[str, int] = {}
        for kind, _, digits in _NUMBERED.findall(text):
            numbers["search" if kind.lower().startswith("search") else "trial"] = int(digits)
        words = _NUMBERED.sub(" ", text.replace("\x00", "")).split()
        return cls(words, numbers.get("search"), numbers.get("trial"))

    def names(self, *fields: str) -> Q:
        """Each word is in one of these fields."""
        each = (reduce(or_, (Q(**{f"{f}__icontains": w}) for f in fields)) for w in self.words)
        return reduce(and_, each, Q())


# (label, address, further words that lead there)
_PAGES = [
    ("Projects", "project-list", "home"),
    ("New project", "project-create", "create"),
    ("Datasets", "dataset-list", ""),
    ("Upload a dataset", "dataset-create", "new create"),
    ("Model templates", "hypermodel-list", ""),
    ("New template", "hypermodel-create", "create upload"),
    ("Teams", "team-list", "people members"),
    ("Workers", "worker-list", "slots machines"),
    ("Mentions", "mention-list", ""),
    ("Profile", "profile", "account password mail theme"),
    ("Access tokens", "access-token-list", "api"),
    ("Help", "help-page", "documentation"),
]


def found(user: Any, text: str) -> list[Item]:
    """The best matches of each kind. Without a query: pages and the latest projects."""
    query = Query.read(text)
    return [
        *_trials(user, query),
        *_searches(user, query),
        *_named(user, query),
        *_models(user, query),
        *_pages(query),
    ]


def _trials(user: Any, query: Query) -> Iterator[Item]:
    if query.trial is None:
        return
    rows = Trial.objects.filter(
        query.names("search__project__name", "search__name"),
        search__in=Search.objects.visible_to(user), number=query.trial,
    )  # fmt: skip
    if query.search is not None:
        rows = rows.filter(search__number=query.search)
    shown = rows.select_related("search__project").only(
        "number", "search__number", "search__project", "search__project__name"
    )
    for row in shown.order_by("-search__created_at")[:MAX_FOUND]:
        url = reverse("trial-detail", args=[row])
        yield Item("Trial", f"Trial {row.number}", str(row.search), url)


def _searches(user: Any, query: Query) -> Iterator[Item]:
    if query.trial is not None or (query.search is None and not query.words):
        return
    rows = Search.objects.visible_to(user).filter(query.names("project__name", "name"))
    if query.search is not None:
        rows = rows.filter(number=query.search)
    shown = rows.select_related("project").only("number", "name", "project", "project__name")
    for row in shown.order_by("-created_at")[:MAX_FOUND]:
        label = f"Search {row.number}" + (f": {row.name}" if row.name else "")
        yield Item("Search", label, row.project.name, reverse("search-detail", args=[row]))


def _named(user: Any, query: Query) -> Iterator[Item]:
    if query.trial is not None or query.search is not None:
        return
    kinds: list[tuple[str, str, QuerySet[Any]]] = [
        ("Project", "project-detail", Project.objects.visible_to(user)),
        ("Dataset", "dataset-detail", Dataset.objects.visible_to(user)),
        ("Template", "hypermodel-detail", HyperModel.objects.offered_to(user)),
        ("Team", "team-detail", Team.objects.visible_to(user)),
    ]
    # Without a word only what people open most.
    for kind, page, rows in kinds if query.words else kinds[:1]:
        shown = rows.filter(query.names("name")).order_by("-pk")
        for pk, name in shown.values_list("pk", "name")[:MAX_FOUND]:
            yield Item(kind, name, "", reverse(page, args=[pk]))


def _models(user: Any, query: Query) -> Iterator[Item]:
    if not query.words or query.trial is not None or query.search is not None:
        return
    rows = SavedModel.objects.visible_to(user).filter(query.names("project__name", "name"))
    shown = rows.select_related("trial__search", "project").only(
        "name",
        "version",
        "number",
        "trial__number",
        "trial__search__number",
        "project",
        "project__name",
    )
    for row in shown.order_by("-created_at")[:MAX_FOUND]:
        where = f"search {row.trial.search.number}, trial {row.trial.number}"
        label = f"{row.title}, {where}" if row.name else f"Model of {where}"
        url = reverse("saved-model-detail", args=[row])
        yield Item("Model", label, row.project.name, url)


def _pages(query: Query) -> Iterator[Item]:
    if query.trial is not None or query.search is not None:
        return
    for label, page, more in _PAGES:
        text = f"{label} {more}".lower()
        if all(word.lower() in text for word in query.words):
            yield Item("Page", label, "", reverse(page))
