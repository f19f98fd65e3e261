"""Comments as people read them: the thread of a trial or a search, a preview, what is written
elsewhere about the same trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString

from tuning.models import Comment, Membership, Search, Team, Trial
from tuning.models.addresses import SearchNumbers, TrialNumbers
from tuning.models.notes import Subject

from .markdown import Read, Reference, read, write
from .notes import address_of, search_of, subject_of

# How many stand on the page of a trial; all of them have a page of their own.
NEWEST = 10
MAX_COMMENTS = 500
# Searches of which one page looks up trials that its texts name.
MAX_SEARCHES = 50


@dataclass(frozen=True)
class Remark:
    comment: Comment
    html: SafeString
    is_own: bool
    can_delete: bool


def thread_info(user: Any, subject: Subject, limit: int = NEWEST) -> dict[str, Any]:
    """The newest comments, oldest of them first, and how many came `earlier`."""
    comments = Comment.objects.of(subject)
    rows = list(comments.select_related("author").order_by("-created_at", "-pk")[: limit + 1])
    earlier = comments.count() - limit if len(rows) > limit else 0
    shown = rows[:limit][::-1]
    return {
        "remarks": _remarks(user, search_of(subject), shown),
        "earlier": earlier,
        "comment_count": len(shown) + earlier,
        "everything": limit > NEWEST,
    }


def remark(user: Any, comment: Comment) -> Remark:
    return _remarks(user, search_of(subject_of(comment)), [comment])[0]


def thread_address(subject: Subject) -> str:
    """Where the newest comments are: on a trial's page, on a tab of a search."""
    page = "detail" if isinstance(subject, Trial) else "comments"
    return f"{address_of(subject, page)}#notes"


def comment_address(comment: Comment) -> str:
    """Where a comment can be read beside what it is about."""
    subject = subject_of(comment)
    newer = Comment.objects.of(subject).filter(created_at__gt=comment.created_at).count()
    page = "detail" if newer < NEWEST and isinstance(subject, Trial) else "comments"
    return f"{address_of(subject, page)}#comment-{comment.pk}"


def written(reader: Any, texts: Sequence[tuple[Search, str]]) -> list[SafeString]:
    """Texts about (trials of) these searches as HTML; three queries, however many."""
    members = _members({search.project.team_id for search, _ in texts})
    found = [(search, read(text, members[search.project.team_id])) for search, text in texts]
    addresses = _addresses(found)
    name = reader.get_username()
    return [
        write(text, {ref: addresses.get(_place(search, ref), "") for ref in text.references}, name)
        for search, text in found
    ]


def _remarks(user: Any, search: Search, comments: list[Comment]) -> list[Remark]:
    texts = written(user, [(search, comment.text) for comment in comments]) if comments else []
    owns = bool(comments) and Team.objects.owned_by(user).filter(pk=search.project.team_id).exists()
    return [
        Remark(comment, html, comment.author_id == user.pk, owns or comment.author_id == user.pk)
        for comment, html in zip(comments, texts, strict=True)
    ]


def _members(teams: set[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {team: [] for team in teams}
    rows = Membership.objects.filter(team__in=teams, user__is_active=True).order_by()
    for team, name in rows.values_list("team", "user__username"):
        names[team].append(name)
    return names


# Project, number of the search, number of the trial: where a reference leads.
Place = tuple[int, int, int | None]


def _place(search: Search, reference: Reference) -> Place:
    number = search.number if reference.search is None else reference.search
    return search.project_id, number, reference.trial


def _addresses(texts: list[tuple[Search, Read]]) -> dict[Place, str]:
    """Of those searches and trials that exist."""
    mentioned: dict[tuple[int, int], set[int]] = {}
    for search, text in texts:
        for reference in text.references:
            project, number, trial = _place(search, reference)
            mentioned.setdefault((project, number), set()).update([] if trial is None else [trial])
    parts = list(mentioned.items())[:MAX_SEARCHES]
    if not parts:
        return {}
    found: dict[Place, str] = {}
    searches = reduce(or_, (Q(project=project, number=number) for (project, number), _ in parts))
    for each in Search.objects.filter(searches).values_list("project", "number"):
        numbers = SearchNumbers(*each)
        found[*numbers, None] = reverse("search-detail", args=[numbers])
    trials = reduce(
        or_,
        (
            Q(search__project=project, search__number=number, number__in=numbers)
            for (project, number), numbers in parts
        ),
    )
    rows = Trial.objects.filter(trials).values_list("search__project", "search__number", "number")
    for project, search_number, trial in rows:
        at = TrialNumbers(SearchNumbers(project, search_number), trial)
        found[project, search_number, trial] = reverse("trial-detail", args=[at])
    return found
