"""What an address asks to be compared: ?trial=12&trial=19, ?search=1&search=2."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from tuning.figures import counted

MAX_COMPARED = 10


@dataclass(frozen=True)
class Chosen:
    """`rows` in the order of the address. `problems` says what of it is not here."""

    name: str
    rows: list[Any]
    problems: list[str]
    options: dict[str, Any] = field(default_factory=dict)

    def query(self, rows: list[Any] | None = None, **options: Any) -> str:
        """The address of these rows (of all of them); options that are empty are left out."""
        shown = self.rows if rows is None else rows
        pairs = [(self.name, row.pk) for row in shown] or [(self.name, "")]
        named = {**self.options, **options}
        return urlencode(pairs + [(key, value) for key, value in named.items() if value])

    def without(self, row: Any) -> str:
        return self.query([other for other in self.rows if other.pk != row.pk])

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= MAX_COMPARED


def choose(
    name: str, queryset: QuerySet[Any], keys: list[str], options: dict[str, Any] | None = None
) -> Chosen:
    """The rows with these keys. Those of others and those that were never there look the same."""
    asked = list(dict.fromkeys(key for key in keys if key))
    numbers = [int(key) for key in asked if key.isdecimal() and len(key) < 10]
    known = set(queryset.filter(pk__in=numbers).values_list("pk", flat=True))
    wanted = [number for number in dict.fromkeys(numbers) if number in known]
    rows = queryset.in_bulk(wanted[:MAX_COMPARED])
    problems = []
    many = f"{name}es" if name.endswith("ch") else f"{name}s"
    if missing := len(asked) - len(wanted):
        is_are = "is" if missing == 1 else "are"
        problems.append(
            f"{counted(missing, name, many)} in this URL {is_are} not part of this project. They "
            "may have been deleted."
        )
    if len(wanted) > MAX_COMPARED:
        problems.append(
            f"You can compare up to {MAX_COMPARED} {many}. This URL has {len(wanted)}, so only "
            f"the first {MAX_COMPARED} are shown."
        )
    return Chosen(name, [rows[pk] for pk in wanted[:MAX_COMPARED]], problems, options or {})
