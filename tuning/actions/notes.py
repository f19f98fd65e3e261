"""Notes: stars, tags and comments on trials and searches.

Everybody who sees a trial stars it and comments on it; tags change the table that all share, so
they are for those who may edit (tuning.views.notes asks). Whatever is done twice is done once.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tuning.analysis.markdown import read
from tuning.models import (
    Comment,
    Membership,
    Mention,
    Notification,
    Project,
    Search,
    Star,
    Tag,
    Trial,
)
from tuning.models.notes import Subject, about
from tuning.recording import announcing

# The same words of the same person within this time are one comment, sent twice.
SENT_TWICE = timedelta(minutes=1)


def star(user: Any, subjects: Sequence[Subject]) -> None:
    Star.objects.bulk_create(
        [Star(user=user, project=_project(one), **about(one)) for one in subjects],
        ignore_conflicts=True,
    )
    _tell(subjects)


def unstar(user: Any, subjects: Sequence[Subject]) -> None:
    _of(Star, subjects).filter(user=user).delete()
    _tell(subjects)


def tag(user: Any, subjects: Sequence[Subject], names: Iterable[str]) -> None:
    """A word that the project has already is written as it is there, whatever the case: else one
    filter would not find all of it."""
    words = [(project, _spelt(project, names)) for project in {_project(one) for one in subjects}]
    Tag.objects.bulk_create(
        [
            Tag(name=name, created_by=user, project=project, **about(one))
            for project, spelt in words
            for one in subjects
            if _project(one) == project
            for name in spelt
        ],
        ignore_conflicts=True,
    )
    _tell(subjects)


def untag(subjects: Sequence[Subject], names: Iterable[str]) -> None:
    for project in {_project(one) for one in subjects}:
        _of(Tag, subjects).filter(project=project, name__in=_spelt(project, names)).delete()
    _tell(subjects)


@transaction.atomic
def comment(user: Any, subject: Subject, text: str) -> Comment:
    latest = Comment.objects.of(subject).filter(author=user).last()
    since = timezone.now() - SENT_TWICE
    if latest and latest.text == text and latest.created_at > since:
        return latest
    project = _project(subject)
    made = Comment.objects.create(author=user, text=text, project=project, **about(subject))
    _mention(made)
    _tell([subject])
    return made


@transaction.atomic
def edit_comment(comment: Comment, text: str) -> None:
    """Newly mentioned people are notified; those who are no longer named, no more."""
    if text == comment.text:
        return
    comment.text, comment.edited_at = text, timezone.now()
    comment.save(update_fields=["text", "edited_at"])
    _mention(comment)


def delete_comment(comment: Comment) -> None:
    comment.delete()
    _tell([comment.trial or comment.search])


@transaction.atomic
def mark_seen(user: Any, mentions: Iterable[Mention]) -> None:
    """Of mentions of this person; then they need no notification of them either."""
    keys = {mention.pk: mention.comment_id for mention in mentions}
    Mention.objects.filter(pk__in=keys).unseen().update(seen_at=timezone.now())
    Notification.objects.filter(user=user, event__comment__in=keys.values()).read_now()


def _mention(comment: Comment) -> None:
    """Call the members of the team that the text names; nobody calls themselves."""
    members = Membership.objects.filter(team=comment.project.team_id, user__is_active=True)
    people = {row.user.get_username(): row.user for row in members.select_related("user")}
    named = {people[name] for name in read(comment.text, people).members} - {comment.author}
    comment.mentions.exclude(user__in=named).delete()
    Notification.objects.filter(event__comment=comment).exclude(user__in=named).delete()
    new = named - set(comment.mentioned.all())
    Mention.objects.bulk_create(
        [Mention(comment=comment, user=person) for person in new], ignore_conflicts=True
    )
    announcing.mentioned(comment, list(new))


def _spelt(project: Project, names: Iterable[str]) -> list[str]:
    """Each name once, as the project writes it."""
    used = Tag.objects.filter(project=project).order_by().values_list("name", flat=True).distinct()
    known = {name.casefold(): name for name in used}
    return list({name.casefold(): known.get(name.casefold(), name) for name in names}.values())


def _of(notes: type[Star] | type[Tag], subjects: Sequence[Subject]) -> Any:
    """The notes on these subjects, which are all trials or all searches."""
    field = "trial" if isinstance(subjects[0], Trial) else "search"
    return notes.objects.filter(**{f"{field}__in": subjects})


def _project(subject: Subject) -> Project:
    return subject.search.project if isinstance(subject, Trial) else subject.project


def _tell(subjects: Iterable[Subject | None]) -> None:
    """Those who follow a search: its table shows what its trials are marked with."""
    for pk in {one.search_id for one in subjects if isinstance(one, Trial)}:
        Search.objects.touch(pk)
