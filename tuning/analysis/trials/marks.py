"""What people have put on the trials of a page: stars, tags, how many comments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from tuning.models import Comment, Star, Tag


@dataclass
class Marks:
    starred_by_me: bool = False
    stars: int = 0
    tags: list[str] = field(default_factory=list)
    comments: int = 0


def marks_of(user: Any, keys: Iterable[int]) -> dict[int, Marks]:
    """By the trials' keys; three queries, however many."""
    marks = {key: Marks() for key in keys}
    stars = Star.objects.filter(trial__in=marks).order_by().values_list("trial")
    mine = Count("pk", filter=Q(user=user.pk))
    for key, count, own in stars.annotate(count=Count("pk"), own=mine):
        marks[key].stars, marks[key].starred_by_me = count, own > 0
    for key, name in Tag.objects.filter(trial__in=marks).values_list("trial", "name"):
        marks[key].tags.append(name)
    comments = Comment.objects.filter(trial__in=marks).order_by().values_list("trial")
    for key, count in comments.annotate(Count("pk")):
        marks[key].comments = count
    return marks
