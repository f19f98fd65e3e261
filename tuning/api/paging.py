"""Lists in pages. A page ends with the address of the next one, whose cursor names the last row: so
rows that come or go meanwhile neither repeat others nor hide them."""

from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Generic, TypeVar

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Schema

from tuning.analysis.trials.selection import Selection, named
from tuning.models import TrialIndex

from .problems import FieldError, invalid

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=1000, description="Maximum number of items per page.")]
Cursor = Annotated[str, Query(max_length=20, description="From the `next` address of a page.")]


class Page(Schema, Generic[T]):
    """`next` is the address of the next page; null on the last one."""

    items: list[T]
    next: str | None


def page_of(
    request: HttpRequest, rows: QuerySet[Any], make: Callable[[Any], Any], limit: int, cursor: str,
    oldest_first: bool = False, key: str = "pk",
) -> dict[str, Any]:  # fmt: skip
    """A page of rows by their keys, the newest first. `key`: another field that counts up, and that
    no two of them have the same of."""
    if cursor:
        rows = rows.filter(**{f"{key}__{'gt' if oldest_first else 'lt'}": number_of(cursor)})
    found = list(rows.order_by(key if oldest_first else f"-{key}")[: limit + 1])
    after = str(getattr(found[limit - 1], key)) if len(found) > limit else ""
    return {"items": [make(row) for row in found[:limit]], "next": next_address(request, after)}


def trials_page(
    request: HttpRequest, selection: Selection, limit: int, cursor: str
) -> tuple[list[int], str | None]:
    """The keys of a page of trials in the order of the selection, and the next page's address. The
    cursor is the number of the last trial."""
    rows = selection.ordered()
    if cursor:
        rows = rows.filter(_after(selection, number_of(cursor)))
    found = list(rows.values_list("trial_id", "number")[: limit + 1])
    after = str(found[limit - 1][1]) if len(found) > limit else ""
    return [pk for pk, _ in found[:limit]], next_address(request, after)


def _after(selection: Selection, number: int) -> Q:
    """What comes after the trial of this number: a later value in the first column by which they
    are sorted, or the same one there and a later one in the next. Missing values come last."""
    columns = [sort.column for sort in selection.sort]
    every, fields = named(TrialIndex.objects.filter(search=selection.search), columns)
    names = [fields[column.key] for column in columns]
    aliases = {f"sorted_{place}": F(name) for place, name in enumerate(names)}
    last = every.filter(number=number).values(**aliases).first()
    if last is None and names:
        raise invalid([FieldError("cursor", "This cursor is no longer valid. Start again.")])
    ways: list[Q] = []
    same = Q()
    for place, (sort, name) in enumerate(zip(selection.sort, names, strict=True)):
        value = last and last[f"sorted_{place}"]
        if value is None:
            same &= Q(**{f"{name}__isnull": True})
            continue
        later = Q(**{f"{name}__{'lt' if sort.down else 'gt'}": value})
        ways.append(same & (later | Q(**{f"{name}__isnull": True})))
        same &= Q(**{name: value})
    return reduce(or_, ways, same & Q(number__gt=number))


def number_of(cursor: str) -> int:
    """What a cursor names. Raises Problem."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise invalid([FieldError("cursor", "Unknown cursor. Take it from the previous page.")])
    return int(cursor)


def next_address(request: HttpRequest, cursor: str) -> str | None:
    """That of the page after this cursor; null if it is empty."""
    if not cursor:
        return None
    query = request.GET.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
