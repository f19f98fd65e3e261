"""What an address asks to be compared: trials (?trial=2.17&trial=2.19, numbers of search and trial)
or searches (?number=1&number=2)."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet

from tuning.figures import counted
from tuning.models import Search, Trial

MAX_COMPARED = 10
# What an address can ask for; more are left out.
MAX_ASKED = 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_TRIAL = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")


@dataclass(frozen=True)
class Chosen:
    """`rows` in the order of the address. `problems` says what of it is not here; `is_old`: it has
    keys of rows, as earlier addresses did."""

    name: str
    rows: list[Any]
    problems: list[str]
    options: dict[str, Any] = field(default_factory=dict)
    is_old: bool = False

    def query(self, rows: list[Any] | None = None, **options: Any) -> str:
        """The address of these rows (of all of them); options that are empty are left out."""
        shown = self.rows if rows is None else rows
        pairs = [(self.name, numbers_of(row)) for row in shown] or [(self.name, "")]
        named = {**self.options, **options}
        return urlencode(pairs + [(key, value) for key, value in named.items() if value])

    def without(self, row: Any) -> str:
        return self.query([other for other in self.rows if other.pk != row.pk])

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= MAX_COMPARED


def numbers_of(row: Trial | Search) -> str:
    """What stands for a row in an address: 2.17 for trial 17 of search 2."""
    return f"{row.search.number}.{row.number}" if isinstance(row, Trial) else str(row.number)


def choose_trials(
    trials: QuerySet[Trial], texts: list[str], options: dict[str, Any] | None = None
) -> Chosen:
    """The trials of a project with these numbers; with these keys, where there is no dot."""
    asked = _asked(texts)
    pairs = {text: tuple(map(int, text.split("."))) for text in asked if _TRIAL.fullmatch(text)}
    keys = {text: int(text) for text in asked if _NUMBER.fullmatch(text)}
    searches, numbers = {pair[0] for pair in pairs.values()}, {pair[1] for pair in pairs.values()}
    # Some more than were asked for, by a condition that does not grow with them.
    numbered = Q(search__number__in=searches, number__in=numbers)
    found = trials.filter(numbered | Q(pk__in=keys.values()))
    known: dict[Any, int] = {}
    for pk, *pair in found.values_list("pk", "search__number", "number"):
        known[pk] = known[tuple(pair)] = pk
    requested = [known.get(pairs.get(text) or keys.get(text)) for text in asked]
    return _chosen("trial", trials, requested, options, is_old=bool(keys))


def choose_searches(searches: QuerySet[Search], texts: list[str]) -> Chosen:
    """The searches of a project with these numbers."""
    asked = _asked(texts)
    numbers = {text: int(text) for text in asked if _NUMBER.fullmatch(text)}
    known = dict(searches.filter(number__in=numbers.values()).values_list("number", "pk"))
    return _chosen("number", searches, [known.get(numbers.get(text, 0)) for text in asked])


def _asked(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))[:MAX_ASKED]


def _chosen(
    name: str, queryset: QuerySet[Any], keys: list[int | None],
    options: dict[str, Any] | None = None, is_old: bool = False,
) -> Chosen:  # fmt: skip
    """Rows of others and those that were never there look the same: they have no key here."""
    requested = list(dict.fromkeys(key for key in keys if key is not None))
    rows = queryset.in_bulk(requested[:MAX_COMPARED])
    noun, many = ("trial", "trials") if name == "trial" else ("search", "searches")
    problems = []
    if missing := keys.count(None):
        is_are = "is" if missing == 1 else "are"
        problems.append(
            f"{counted(missing, noun, many)} in this URL {is_are} not part of this project. They "
            "may have been deleted."
        )
    if len(requested) > MAX_COMPARED:
        problems.append(
            f"You can compare up to {MAX_COMPARED} {many}. This URL has {len(requested)}, so only "
            f"the first {MAX_COMPARED} are shown."
        )
    shown = [rows[pk] for pk in requested[:MAX_COMPARED]]
    return Chosen(name, shown, problems, options or {}, is_old)
