"""What a filter can ask of a column: each operator is a condition and an English sentence."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import re2
from django.db.models import F, Q, QuerySet

from tuning.figures import in_words, setting
from tuning.models import Star, Tag, TrialIndex
from tuning.models.trial_index import as_text
from tuning.protocol.statuses import ACTIVE, Status

from .columns import HYPERPARAMETERS, Column
from .scope import Scope

MAX_PATTERN_LENGTH = 200
# More than a page of checkboxes would not fit into an address either.
MAX_VALUES = 200


class BadFilter(ValueError):
    """A filter that makes no sense, as a sentence."""


@dataclass(frozen=True)
class Share:
    """The best `count` trials, or the best `percent` of them."""

    count: int | None = None
    percent: float | None = None

    def of(self, total: int) -> int:
        if self.count is not None:
            return self.count
        return math.ceil(total * (self.percent or 0) / 100 - 1e-9)

    def __str__(self) -> str:
        return str(self.count) if self.count is not None else f"{self.percent:g} %"


@dataclass(frozen=True)
class Asked:
    """Who asks, and of which trials."""

    scope: Scope
    user: Any
    trials: QuerySet[TrialIndex]


@dataclass(frozen=True)
class Operator:
    """`name` is used in URLs. `read` turns its arguments into a value or raises BadFilter;
    `condition` and `sentence` take that value. `fits` says which columns it is for. An operator
    that is `last` looks at the trials that all others have left."""

    name: str
    help: str
    fits: Callable[[Column], bool]
    read: Callable[[Column, Sequence[str]], Any]
    condition: Callable[[Asked, Column, str, Any], Q]
    sentence: Callable[[Column, Any], str]
    last: bool = False


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadFilter(f"“{text[:40]}” is not a number.") from None
    if not math.isfinite(value):
        raise BadFilter(f"“{text[:40]}” is not a comparable number.")
    return value


def _one(arguments: Sequence[str]) -> str:
    if len(arguments) != 1:
        raise BadFilter("enter one value.")
    return arguments[0].strip()


def _one_number(_column: Column, arguments: Sequence[str]) -> float:
    return number(_one(arguments))


def _two_numbers(_column: Column, arguments: Sequence[str]) -> tuple[float, float]:
    parts = [part for argument in arguments for part in argument.split(",")]
    if len(parts) != 2:
        raise BadFilter("enter two numbers separated by a comma.")
    low, high = sorted((number(parts[0]), number(parts[1])))
    return low, high


def _values(column: Column, arguments: Sequence[str]) -> tuple[Any, ...]:
    if len(arguments) > MAX_VALUES:
        raise BadFilter(f"at most {MAX_VALUES} values can be chosen.")
    if column.is_number:
        return tuple(dict.fromkeys(number(argument) for argument in arguments))
    return tuple(dict.fromkeys(as_text(argument) for argument in arguments))


def _statuses(_column: Column, arguments: Sequence[str]) -> tuple[Status, ...]:
    try:
        return tuple(dict.fromkeys(Status(argument) for argument in arguments))
    except ValueError as error:
        raise BadFilter(f"there is no status {str(error).split()[0]}.") from None


def _pattern(_column: Column, arguments: Sequence[str]) -> str:
    text = arguments[0] if len(arguments) == 1 else ""
    if not text or len(text) > MAX_PATTERN_LENGTH:
        raise BadFilter(f"enter a pattern of up to {MAX_PATTERN_LENGTH} characters.")
    try:
        _compiled(text)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise BadFilter(f"“{text[:40]}” is not a valid regular expression: {reason}.") from None
    return text


def _compiled(text: str) -> Any:
    options = re2.Options()
    # A slip of the finger is the person's business, not the log's.
    options.log_errors = False
    return re2.compile(text, options)


def _share(_column: Column, arguments: Sequence[str]) -> Share:
    text = _one(arguments)
    if text.endswith("%"):
        percent = number(text[:-1].strip())
        if not 0 < percent <= 100:
            raise BadFilter("enter a percentage above 0% and up to 100%.")
        return Share(percent=percent)
    count = number(text)
    if count < 1 or count != int(count) or count > 1e9:
        raise BadFilter("“top” needs a positive integer or a percentage such as 10%.")
    return Share(count=int(count))


def _choice(*allowed: str) -> Callable[[Column, Sequence[str]], str]:
    def read(_column: Column, arguments: Sequence[str]) -> str:
        text = _one(arguments)
        if text not in allowed:
            raise BadFilter(f"“{text[:40]}” is not one of {in_words(list(allowed))}.")
        return text

    return read


def _among(column: Column, field: str, values: Sequence[Any]) -> Q:
    if column.is_whole:
        # Django would cut 1.5 down to 1, and no database takes more than 64 bits.
        values = [int(v) for v in values if v.is_integer() and abs(v) < 2**63]
    return Q(**{f"{field}__in": values})


def _matching(asked: Asked, _column: Column, field: str, pattern: str) -> Q:
    """The column's unique values are few: they are matched here, alike on every database, by
    an engine whose time does not explode on any pattern."""
    compiled = _compiled(pattern)
    rows = asked.trials.exclude(**{field: None})
    different = rows.annotate(found=F(field)).values_list("found", flat=True).distinct()
    return Q(**{f"{field}__in": [value for value in different if compiled.search(value)]})


def _status(asked: Asked, _column: Column, field: str, statuses: tuple[Status, ...]) -> Q:
    """Active trials are few; only their own rows know what they do."""
    ended = [status for status in statuses if status not in ACTIVE]
    active = [status for status in statuses if status in ACTIVE]
    condition = Q(**{f"{field}__in": ended})
    if active:
        rows = asked.scope.trials().filter(status__in=active)
        condition |= Q(trial__in=rows.values("pk"))
    return condition


def _top(asked: Asked, column: Column, field: str, share: Share) -> Q:
    """Up to the last trial that is among the best: one comparison instead of a long list."""
    rows = asked.trials.exclude(**{field: None}).filter(status=Status.COMPLETED)
    down = column.better == "max"
    count = share.count or share.of(rows.count())
    order = f"-{field}" if down else field
    places = rows.order_by(order, "pk").annotate(found=F(field)).values_list("found", "pk")
    last = places[count - 1 : count].first()
    found = Q(status=Status.COMPLETED, **{f"{field}__isnull": False})
    if last is None:
        return found
    value, trial = last
    better = Q(**{f"{field}__{'gt' if down else 'lt'}": value})
    return found & (better | Q(**{field: value, "pk__lte": trial}))


def _tagged(asked: Asked, _column: Column, _field: str, names: tuple[str, ...]) -> Q:
    tags = Tag.objects.filter(**asked.scope.where("trial__search"), name__in=names)
    return Q(trial__in=tags.values("trial"))


def _starred(asked: Asked, _column: Column, _field: str, by: str) -> Q:
    stars = Star.objects.filter(**asked.scope.where("trial__search"))
    if by == "me":
        stars = stars.filter(user_id=asked.user.pk)
    found = Q(trial__in=stars.values("trial"))
    return ~found if by == "nobody" else found


def _any_of(values: Sequence[Any]) -> str:
    texts = [setting(value) for value in values]
    return texts[0] if len(texts) == 1 else " or ".join((", ".join(texts[:-1]), texts[-1]))


def _and(values: Sequence[Any]) -> str:
    return in_words([setting(value) for value in values])


def _is_number(column: Column) -> bool:
    return column.is_number


def _is_listed(column: Column) -> bool:
    return column.kind in ("number", "text")


def _is_hyperparameter(column: Column) -> bool:
    return column.group == HYPERPARAMETERS


def _compares(name: str, lookup: str, words: str, help: str) -> Operator:
    return Operator(
        name, help, _is_number, _one_number,
        lambda asked, column, field, value: Q(**{f"{field}__{lookup}": value}),
        lambda column, value: f"{column.label} {words} {setting(value)}",
    )  # fmt: skip


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator(
            "between", "Between two numbers, inclusive.",
            _is_number, _two_numbers,
            lambda asked, column, field, ends: Q(
                **{f"{field}__gte": ends[0], f"{field}__lte": ends[1]}
            ),
            lambda column, ends: f"{column.label} between {_and(ends)}",
        ),
        _compares("lt", "lt", "below", "Less than a number."),
        _compares("lte", "lte", "at most", "Less than or equal to a number."),
        _compares("gt", "gt", "above", "Greater than a number."),
        _compares("gte", "gte", "at least", "Greater than or equal to a number."),
        Operator(
            "in", "One of the given values.", _is_listed, _values,
            lambda asked, column, field, values: _among(column, field, values),
            lambda column, values: f"{column.label} is {_any_of(values)}",
        ),
        Operator(
            "not", "None of the given values. Includes trials without a value.",
            _is_listed, _values,
            lambda asked, column, field, values: Q(**{f"{field}__isnull": True})
            | ~_among(column, field, values),
            lambda column, values: f"{column.label} is not {_any_of(values)}",
        ),
        Operator(
            "matches", "Text that contains a match of a regular expression (RE2).",
            lambda column: column.kind == "text", _pattern, _matching,
            lambda column, pattern: f"{column.label} matches {pattern}",
        ),
        Operator(
            "active", "Whether the trial uses this hyperparameter: yes or no.",
            _is_hyperparameter, _choice("yes", "no"),
            lambda asked, column, field, answer: Q(**{f"{field}__isnull": answer == "no"}),
            lambda column, answer: f"{column.label} is {'not ' * (answer == 'no')}in use",
        ),
        Operator(
            "is", "One of the given statuses.",
            lambda column: column.kind == "status", _statuses, _status,
            lambda column, statuses: f"status is {_any_of([s.caption.lower() for s in statuses])}",
        ),
        Operator(
            "any", "Trials with any of the given tags.",
            lambda column: column.kind == "tags", _values, _tagged,
            lambda column, names: f"tagged {_any_of(names)}",
        ),
        Operator(
            "by", "Trials starred by you (me), by anyone (anyone) or by no one (nobody).",
            lambda column: column.kind == "stars", _choice("me", "anyone", "nobody"), _starred,
            lambda column, by: f"starred by {by}",
        ),
        Operator(
            "top", "The best trials, as a number (5) or percentage (10%), after all other filters.",
            lambda column: bool(column.better), _share, _top,
            lambda column, share: f"top {share} by {column.label}",
            last=True,
        ),
    )
}  # fmt: skip


def operators_for(column: Column) -> list[Operator]:
    return [operator for operator in OPERATORS.values() if operator.fits(column)]
