"""Constraints: what a metric or something measured may be at most, or at least."""

import math
import re
from dataclasses import asdict, dataclass
from typing import Any

AT_MOST, AT_LEAST = "<=", ">="
RELATIONS = {AT_MOST: "at most", AT_LEAST: "at least"}
MAX_CONSTRAINTS = 4

_WRITTEN = re.compile(r"\s*(?P<name>.+?)\s*(?P<relation><=|>=|≤|≥)\s*(?P<limit>\S+)\s*")
_SIGNS = {"≤": AT_MOST, "≥": AT_LEAST}


@dataclass(frozen=True)
class Constraint:
    """`name` is a metric or a name of `measured.py`."""

    name: str
    relation: str
    limit: float

    def excess(self, value: float) -> float:
        """By how much a value violates it, as a share of the limit: above 0 it does. Shares of
        several constraints can be added up, as samplers do."""
        over = value - self.limit if self.relation == AT_MOST else self.limit - value
        return over / abs(self.limit) if self.limit else over

    def holds(self, value: float) -> bool:
        return self.excess(value) <= 0

    @property
    def text(self) -> str:
        """As `tune` takes it."""
        return f"{self.name} {'≤' if self.relation == AT_MOST else '≥'} {self.limit_text}"

    @property
    def limit_text(self) -> str:
        return f"{self.limit:,.15g}"

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self)


def parsed(text: str) -> Constraint:
    """The constraint that a person wrote, such as `parameters<=200000`. Raises ValueError with a
    sentence."""
    found = _WRITTEN.fullmatch(text)
    example = "Write for example parameters<=200000."
    if not found:
        raise ValueError(f"“{text}” is not a constraint. {example}")
    try:
        limit = float(found["limit"].replace(",", "").replace("_", ""))
    except ValueError:
        limit = math.nan
    if not math.isfinite(limit):
        raise ValueError(f"“{found['limit']}” is not a number. {example}")
    relation = _SIGNS.get(found["relation"], found["relation"])
    return Constraint(found["name"], relation, limit)
