"""What happened in a project, newest first: read from the rows themselves, there are no events to
keep. Each kind of event is a query of its own; a page takes the newest of each and merges them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, Self

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tuning.figures import counted
from tuning.models import Comment, Project, SavedModel, SavedView, Search, Star, Tag
from tuning.models.addresses import ModelNumbers, SearchNumbers, TrialNumbers
from tuning.models.people import display_name_of
from tuning.protocol.statuses import FINISHED

from .markdown import plain

# A page has at most so many lines, made of at most so many events.
LINES, EVENTS = 50, 200


@dataclass(frozen=True)
class Event:
    at: datetime
    kind: str
    pk: int
    # The username, and the name that people see.
    who: str | None
    person: str | None
    search_pk: int | None
    search_number: int | None
    trial_pk: int | None
    trial_number: int | None
    facts: dict[str, Any]
    project_id: int

    @property
    def imported_from(self) -> str:
        """Of a search that another program ran, the program."""
        origin = self.facts.get("origin")
        return str(Search.Origin(origin).label) if origin in Search.IMPORTED else ""

    @property
    def search(self) -> SearchNumbers:
        return SearchNumbers(self.project_id, self.search_number or 0)

    @property
    def trial(self) -> TrialNumbers:
        return TrialNumbers(self.search, self.trial_number or 0)

    @property
    def saved_model(self) -> ModelNumbers:
        return ModelNumbers(self.project_id, self.facts["number"])

    @property
    def refined_from(self) -> SearchNumbers:
        return SearchNumbers(self.project_id, self.facts["refined_from__number"])

    @property
    def order(self) -> tuple[datetime, int, int]:
        return self.at, -RANKS[self.kind], self.pk

    @property
    def likeness(self) -> tuple[Any, ...]:
        """Neighbours that share it are one line: tags and stars come by the dozen."""
        if self.kind not in ("tag", "star") or self.trial_pk is None:
            return (self.kind, self.pk)
        return self.kind, self.who, self.search_pk, self.facts.get("name"), self.at.date()


@dataclass(frozen=True)
class Cursor:
    """The last event of a page: the next page has what came before it."""

    at: datetime
    kind: str
    pk: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        when, _, rest = text.partition("~")
        kind, _, pk = rest.partition("~")
        try:
            at = parse_datetime(when)
            if at is None or at.tzinfo is None or kind not in RANKS or not pk.isdecimal():
                return None
            # At the ends of the calendar there is no such time in UTC.
            return cls(at.astimezone(UTC), kind, int(pk[:15]))
        except (ValueError, OverflowError):
            return None

    @classmethod
    def after(cls, event: Event) -> Self:
        return cls(event.at, event.kind, event.pk)

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.kind}~{self.pk}"

    def older(self, kind: str) -> Q:
        """In the order of `Event.order`, by a condition that an index answers."""
        if kind == self.kind:
            same_time = Q(at=self.at, pk__lt=self.pk)
        elif RANKS[kind] > RANKS[self.kind]:
            same_time = Q(at=self.at)
        else:
            return Q(at__lt=self.at)
        return Q(at__lte=self.at) & (Q(at__lt=self.at) | same_time)


@dataclass(frozen=True)
class Line:
    """One event, or several of the same sort about trials of one search."""

    events: list[Event]

    @property
    def event(self) -> Event:
        return self.events[0]

    @property
    def trials(self) -> str:
        return counted(len(self.events), "trial")


@dataclass(frozen=True)
class Day:
    date: date
    caption: str
    lines: list[Line]


@dataclass(frozen=True)
class Activity:
    days: list[Day]
    before: str


def activity_of(
    project: Project, user: Any, kind: str = "", person: str = "", before: str = ""
) -> Activity:
    """A page of it. `before` of the result leads to the next one; it is empty on the last."""
    cursor = Cursor.read(before)
    kinds = [kind] if kind in RANKS else list(RANKS)
    found = [event for each in kinds for event in _events(each, project, user, person, cursor)]
    found.sort(key=lambda event: event.order, reverse=True)
    lines = [Line(list(group)) for _, group in groupby(found[:EVENTS], lambda e: e.likeness)]
    shown = lines[:LINES]
    more = len(found) > EVENTS or len(lines) > LINES
    last = shown[-1].events[-1] if shown else None
    return Activity(list(_days(shown)), str(Cursor.after(last)) if more and last else "")


def _events(
    kind: str, project: Project, user: Any, person: str, cursor: Cursor | None
) -> Iterator[Event]:
    rows = KINDS[kind].rows(project, user).order_by("-at", "-pk")
    if person:
        # PostgreSQL refuses NUL in a question; nobody's name has one.
        rows = rows.filter(who=person) if "\x00" not in person else rows.none()
    if cursor:
        rows = rows.filter(cursor.older(kind))
    own = ("at", "pk", "who", "person", "search_pk", "search_number", "trial_pk", "trial_number")
    for row in rows[: EVENTS + 1]:
        known = {name: row.pop(name, None) for name in own}
        if kind == "comment":
            row["text"] = plain(row["text"])
        yield Event(kind=kind, facts=row, project_id=project.pk, **known)


def _days(lines: list[Line]) -> Iterator[Day]:
    today = timezone.now().date()
    for day, group in groupby(lines, lambda line: line.event.at.date()):
        ago = (today - day).days
        words = {0: "Today", 1: "Yesterday"}.get(ago, f"{day:%A}")
        yield Day(day, f"{words}, {day:%Y-%m-%d}", list(group))


# --- Where the events come from: rows with at, who, and what they are about -------------------


def _searches(project: Project, at: str, *facts: str) -> QuerySet[Any, dict[str, Any]]:
    return Search.objects.filter(project=project).values(
        "pk", *facts, at=F(at), who=F("created_by__username"), person=display_name_of("created_by"),
        search_pk=F("pk"), search_number=F("number"),
    )  # fmt: skip


def _started(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    rows = _searches(project, "created_at", "name", "origin")
    return rows.filter(refined_from__isnull=True)


def _refined(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    rows = _searches(project, "created_at", "name", "refined_from__number")
    return rows.filter(refined_from__isnull=False)


def _ended(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    """Of imported ones only the import is of interest."""
    rows = _searches(project, "finished_at", "name", "status", "failure_message")
    return rows.filter(finished_at__isnull=False).exclude(origin__in=Search.IMPORTED)


def _models(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    return SavedModel.objects.filter(
        project=project, status__in=FINISHED, finished_at__isnull=False
    ).values(
        "pk", "number", "status", at=F("finished_at"), who=F("created_by__username"),
        person=display_name_of("created_by"),
        search_pk=F("trial__search"), search_number=F("trial__search__number"),
        trial_pk=F("trial"), trial_number=F("trial__number"),
    )  # fmt: skip


def _notes(rows: Any, who: str, *facts: str) -> QuerySet[Any, dict[str, Any]]:
    found: QuerySet[Any, dict[str, Any]] = rows.values(
        "pk", *facts, at=F("created_at"), who=F(f"{who}__username"), person=display_name_of(who),
        search_pk=Coalesce("trial__search", "search"),
        search_number=Coalesce("trial__search__number", "search__number"),
        trial_pk=F("trial"), trial_number=F("trial__number"),
    )  # fmt: skip
    return found


def _comments(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    return _notes(Comment.objects.filter(project=project), "author", "text")


def _tags(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    return _notes(Tag.objects.filter(project=project), "created_by", "name")


def _stars(project: Project, _user: Any) -> QuerySet[Any, dict[str, Any]]:
    return _notes(Star.objects.filter(project=project), "user")


def _views(project: Project, user: Any) -> QuerySet[Any, dict[str, Any]]:
    """The team's, and one's own."""
    found: QuerySet[Any, dict[str, Any]] = (
        SavedView.objects.shown_to(user)
        .filter(project=project)
        .values(
            "pk",
            "name",
            "shared",
            at=F("created_at"),
            who=F("owner__username"),
            person=display_name_of("owner"),
        )
    )
    return found


@dataclass(frozen=True)
class Kind:
    label: str
    rows: Callable[[Project, Any], QuerySet[Any, dict[str, Any]]]


KINDS = {
    "started": Kind("Searches started", _started),
    "refined": Kind("Searches refined", _refined),
    "ended": Kind("Searches ended", _ended),
    "model": Kind("Models retrained", _models),
    "comment": Kind("Comments", _comments),
    "tag": Kind("Tags", _tags),
    "star": Kind("Stars", _stars),
    "view": Kind("Saved views", _views),
}
RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
