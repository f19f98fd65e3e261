"""What administrators publish: datasets and templates of all teams."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from tuning.models import Dataset, HyperModel

# Of each kind, the newest ones; a search finds the others.
MAX_LISTED = 50


@dataclass(frozen=True)
class Item:
    """A version. `uses`: how many projects of other teams use it."""

    noun: str
    page: str
    row: Dataset | HyperModel
    uses: int


def gallery_items(text: str, published: bool) -> list[Item]:
    """What is in the gallery, or what might be: the newest versions of all teams. Names of teams
    and rows contain the words of `text`."""
    words = Q()
    for word in text.split():
        words &= Q(name__icontains=word) | Q(team__name__icontains=word)
    datasets = Dataset.objects.exclude(team=None).exclude(folder="").select_related("team")
    templates = HyperModel.objects.exclude(team=None).select_related("team").defer("code")
    return [
        *_items("Dataset", "gallery-dataset", datasets.filter(words), published),
        *_items("Template", "gallery-hypermodel", templates.filter(words), published),
    ]


def item_of(row: Dataset | HyperModel) -> Item:
    uses = row.projects.exclude(team=row.team_id).count()
    if isinstance(row, Dataset):
        return Item("dataset", "gallery-dataset", row, uses)
    return Item("template", "gallery-hypermodel", row, uses)


def _items(noun: str, page: str, rows: QuerySet[Any], published: bool) -> Iterator[Item]:
    uses = Count("projects", filter=~Q(projects__team=F("team")))
    rows = rows.filter(published_at__isnull=not published).annotate(uses=uses).order_by("-pk")
    for row in rows[:MAX_LISTED]:
        yield Item(noun, page, row, row.uses)
