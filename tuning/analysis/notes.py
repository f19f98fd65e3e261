"""Stars and tags: how many marks each trial of a table has, and those of one trial or search."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from tuning.models import Comment, Project, Search, Star, Tag, Trial
from tuning.models.notes import Note, Subject
from tuning.models.people import display_name_of

MAX_WORDS = 200


@dataclass
class Marks:
    """What a trial's row shows: templates/notes/_marks.html."""

    starred_by_me: bool = False
    stars: int = 0
    tags: list[str] = field(default_factory=list)
    comments: int = 0


def marks_of(user: Any, trials: Iterable[Trial | int]) -> dict[int, Marks]:
    """By the keys of these trials (or of what is given as keys); three queries, however many."""
    marks = {trial if isinstance(trial, int) else trial.pk: Marks() for trial in trials}
    stars = Star.objects.filter(trial__in=marks).order_by().values_list("trial")
    mine = Count("pk", filter=Q(user=user.pk))
    for pk, count, own in stars.annotate(count=Count("pk"), mine=mine):
        marks[pk].stars, marks[pk].starred_by_me = count, own > 0
    for pk, name in Tag.objects.filter(trial__in=marks).values_list("trial", "name"):
        marks[pk].tags.append(name)
    comments = Comment.objects.filter(trial__in=marks).order_by().values_list("trial")
    for pk, count in comments.annotate(count=Count("pk")):
        marks[pk].comments = count
    return marks


def search_of(subject: Subject) -> Search:
    """The search that a subject is, or belongs to."""
    return subject.search if isinstance(subject, Trial) else subject


def subject_of(note: Note) -> Subject:
    return note.trial or note.search  # type: ignore[return-value]


def kind_of(subject: Subject) -> str:
    """With which its addresses begin: trial-star, search-star."""
    return "trial" if isinstance(subject, Trial) else "search"


def address_of(subject: Subject, page: str = "detail") -> str:
    return reverse(f"{kind_of(subject)}-{page}", args=[subject])


def star_info(user: Any, subject: Subject) -> dict[str, Any]:
    stars = Star.objects.of(subject).order_by("created_at")
    people = dict(stars.values_list("user", display_name_of("user")))
    return {"stars": list(people.values()), "starred": user.pk in people}


def tags_info(user: Any, subject: Subject) -> dict[str, Any]:
    """`known_tags` are offered while one types. Tags change a table that all see: for editors."""
    search = search_of(subject)
    tags = list(Tag.objects.of(subject).values_list("name", flat=True))
    can_tag = Project.objects.editable_by(user).filter(pk=search.project_id).exists()
    known = words_of(search.project)[:MAX_WORDS] if can_tag else []
    return {"tags": tags, "can_tag": can_tag, "known_tags": [n for n in known if n not in tags]}


def words_of(project: Project) -> Any:
    """The tags in use in a project."""
    names = Tag.objects.filter(project=project).order_by("name").values_list("name", flat=True)
    return names.distinct()
