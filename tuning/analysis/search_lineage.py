"""How the searches of a project follow from each other: which was refined from which, and how."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import Max, Min

from tuning.figures import counted, figure, in_words
from tuning.models import Search
from tuning.spaces.shares import SideBySide, side_by_side

from .best_scores import best_score

SAME = "the same space"


@dataclass
class Node:
    """A search with those that were made from it. `best` is its best score."""

    search: Search
    best: float | None
    how: str
    children: list["Node"] = field(default_factory=list)

    @property
    def how_text(self) -> str:
        """How it differs from its parent, and what it began with; empty for a first search."""
        warm = self.search.warm_start_count
        if not self.how or not warm:
            return self.how
        return f"{self.how}, warm start with {counted(warm, 'trial')}"


def lineage(searches: Iterable[tuple[Search, float | None]]) -> list[Node]:
    """Trees of a project's searches (given with their best scores), the newest first. Their first
    searches were made from nothing, or from one that was deleted since."""
    nodes: dict[int, Node] = {}
    roots: list[Node] = []
    for search, best in sorted(searches, key=lambda item: item[0].number):
        parent = nodes.get(search.refined_from_id or 0)
        how = ""
        if parent is not None:
            how = changes_text(side_by_side(parent.search.space, search.space))
        nodes[search.pk] = Node(search, best, how)
        (parent.children if parent else roots).append(nodes[search.pk])
    return list(reversed(roots))


def in_order(nodes: Iterable[Node], depth: int = 0) -> Iterator[tuple[int, Node]]:
    """Each search below the one that it was made from, with its depth."""
    for node in nodes:
        yield depth, node
        yield from in_order(node.children, depth + 1)


def family(search: Search) -> list[Node]:
    """The tree that a search belongs to; nothing if it stands alone."""
    if search.refined_from_id is None and not search.refinements.exists():
        return []
    rows = search.project.searches.annotate(best=best_score()).only(
        "project", "number", "name", "status", "tuner", "space", "warm_start_count", "refined_from"
    )
    trees = lineage((row, row.best) for row in rows)
    return [tree for tree in trees if search.pk in _keys(tree)]


def changes_text(both: SideBySide) -> str:
    """ "2 hyperparameters changed, 12 % of the space"."""
    if both.is_same:
        return SAME
    changed = both.changed
    shares = [line.share for line in changed]
    known = [share for share in shares if share is not None]
    word = "changed"
    if len(known) == len(shares) and known != [1.0] * len(known):
        if all(share <= 1 for share in known):
            word = "narrowed"
        elif all(share >= 1 for share in known):
            word = "widened"
    text = f"{counted(len(changed), 'hyperparameter')} {word}"
    if both.share is None:
        return text
    share = both.share_text
    if share == "the same":
        return f"{text}, as large a space"
    return f"{text}, {share} {'as large a space' if 'times' in share else 'of the space'}"


def _keys(tree: Node) -> set[int]:
    return {tree.search.pk}.union(*(_keys(child) for child in tree.children))


@dataclass(frozen=True)
class Origin:
    """What a search was made from. `fed` is how many trials it began with, `best` the best of them
    as far as they are still there; `sources` are the numbers of their searches."""

    parent: Search | None
    how: str
    fed: int
    best: float | None
    sources: tuple[int, ...]

    @property
    def relation(self) -> str:
        """To its parent, from which only its settings may differ."""
        return "Follows" if self.how == SAME else "Refined from"

    @property
    def warm_start_text(self) -> str:
        """A sentence; empty without a warm start."""
        if not self.fed:
            return ""
        text = f"Warm start with {counted(self.fed, 'trial')}"
        if not self.sources:
            return f"{text} of a search that was deleted."
        best = f" (best {figure(self.best)})" if self.best is not None else ""
        return f"{text} of {in_words([f'search {number}' for number in self.sources])}{best}."


def origin(search: Search) -> Origin | None:
    """None if it was made from nothing."""
    if search.refined_from_id is None and not search.warm_start_count:
        return None
    # Without its oracle's state, which can be large.
    earlier = Search.objects.only("project", "number", "space")
    parent = earlier.filter(refinements=search).first() if search.refined_from_id else None
    how = changes_text(side_by_side(parent.space, search.space)) if parent else ""
    best: float | None = None
    sources: tuple[int, ...] = ()
    if search.warm_start_count:
        fed = search.warm_start_trials.order_by()
        pick = Max if search.direction == Search.Direction.MAX else Min
        if not search.has_several_objectives:
            best = fed.aggregate(best=pick("score"))["best"]
        numbers = fed.order_by("search__number").values_list("search__number", flat=True)
        sources = tuple(numbers.distinct())
    return Origin(parent, how, search.warm_start_count, best, sources)
