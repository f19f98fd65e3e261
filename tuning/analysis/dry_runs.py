"""What a dry run says: how many configurations cannot be built and why, how large and slow the
others are, how long the search would take, and which limits exclude the largest."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from tuning.figures import counted, duration, size
from tuning.models import DryRun, Inspection, Project

from .profiles import Bars, bars_of
from .slots import workers_for

BINS = 12
# Sizes that differ by more than that are counted on a logarithmic axis.
WIDE = 20
MAX_REASONS = 3
# Of the models, those above this share are what a limit excludes.
SHARE = 0.9


@dataclass(frozen=True)
class Limit:
    """A constraint that excludes `excluded` of the sampled models. `text` is what a button says."""

    name: str
    value: float
    text: str
    excluded: int


@dataclass(frozen=True)
class Summary:
    """Of a dry run, as far as it has come."""

    row: DryRun

    @property
    def of_networks(self) -> bool:
        return self.row.inspection.kind.has_epochs

    @cached_property
    def built(self) -> list[dict[str, Any]]:
        return [each for each in self.row.tried if not each["failure"]]

    @property
    def tried_text(self) -> str:
        """ "50 sampled models: 4 (8 %) could not be built." """
        tried = len(self.row.tried)
        failed = tried - len(self.built)
        what = counted(tried, "sampled model")
        done = "built and trained for a few steps" if self.of_networks else "fitted"
        if not failed:
            return f"{what}: all could be {done}."
        return f"{what}: {failed} ({failed / tried:.0%}) could not be {done}."

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """The most frequent ones with their numbers."""
        failures = Counter(each["failure"] for each in self.row.tried if each["failure"])
        return failures.most_common(MAX_REASONS)

    @property
    def histograms(self) -> list[Bars]:
        names = {
            "parameters": ("Parameters", lambda value: f"{value:,.0f}"),
            "memory": ("Memory of weights and optimizer", size),
            "seconds": ("Time per epoch", duration),
        }
        if not self.of_networks:
            names = {"seconds": ("Time per fold", duration)}
        found = []
        for name, (caption, shown) in names.items():
            values = [each[name] for each in self.built]
            if values and max(values) > 0:
                found.append(_histogram(caption, values, shown))
        return found

    @property
    def expected(self) -> str:
        """How long the search of the form would take; empty on a template's page."""
        planned = self.row.planned
        if not planned or not self.built:
            return ""
        seconds = expected_seconds(self.row.tried, planned)
        slots = counted(planned["lanes"], "slot")
        return f"about {duration(seconds)} on {slots}"

    @property
    def rows_text(self) -> str:
        rows = self.row.rows
        return f"Fitted on {rows:,} rows; the time grows in proportion to the rows." if rows else ""

    @property
    def limits(self) -> list[Limit]:
        names = {"parameters": "parameters", "seconds": "epoch_seconds"}
        if not self.of_networks:
            names = {"seconds": "training_seconds"}
        found = (_limit(name, key, self.built) for key, name in names.items())
        return [limit for limit in found if limit is not None]


def expected_seconds(tried: Sequence[dict[str, Any]], planned: dict[str, int]) -> float:
    """Epochs (or fits) and what each trial takes besides, at their means, divided among slots.
    Trials that cannot be built take no time."""
    built = [each for each in tried if not each["failure"]]
    epoch = statistics.fmean(each["seconds"] for each in built)
    setup = statistics.fmean(each["setup"] for each in built)
    share = len(built) / len(tried)
    return share * (planned["epochs"] * epoch + planned["trials"] * setup) / planned["lanes"]


def _histogram(caption: str, values: list[float], shown: Callable[[float], str]) -> Bars:
    low, high = min(values), max(values)
    text = f"median {shown(statistics.median(values))} ({shown(low)} to {shown(high)})"
    wide = low > 0 and high / low > WIDE
    scale = math.log if wide else float
    start, span = scale(low), (scale(high) - scale(low)) or 1.0
    places = Counter(min(int((scale(v) - start) / span * BINS), BINS - 1) for v in values)
    counts = [places[place] for place in range(BINS)]
    edges = [start + span * edge / BINS for edge in range(BINS + 1)]
    ends = [shown(math.exp(edge) if wide else edge) for edge in edges]
    labels = [
        f"{first} to {last}: {counted(count, 'model')}"
        for (first, last), count in zip(pairwise(ends), counts, strict=True)
    ]
    title = f"{caption}{', logarithmic' if wide else ''}: {text}"
    return Bars(title, bars_of(counts, labels))


def _limit(name: str, key: str, built: list[dict[str, Any]]) -> Limit | None:
    """Two digits of what nine of ten models keep; None if that excludes none."""
    values = sorted(each[key] for each in built)
    if not values or values[-1] <= 0:
        return None
    kept = values[max(math.ceil(SHARE * len(values)) - 1, 0)]
    if kept <= 0:
        return None
    digits = 10 ** (math.floor(math.log10(kept)) - 1)
    limit = math.ceil(kept / digits - 1e-9) * digits
    value = round(limit, 10) if key == "seconds" else int(limit)
    excluded = sum(each > value for each in values)
    over = "Exclude epochs over" if name == "epoch_seconds" else "Exclude fits over"
    text = f"{over} {duration(value)}" if key == "seconds" else f"Exclude over {value:,} parameters"
    return Limit(name, value, text, excluded) if excluded else None


def latest_dry_run(
    user: Any, inspection: Inspection | None, project: Project | None = None
) -> DryRun | None:
    """The person's own of this template and dataset, for the form of this project or for the
    template's page."""
    rows = DryRun.objects.visible_to(user).filter(inspection=inspection, project=project)
    return rows.select_related("inspection").defer("space").first() if inspection else None


def dry_run_context(row: DryRun | None) -> dict[str, Any]:
    """What the panel shows; nothing before there was any."""
    if row is None:
        return {"dry_run": None}
    return {
        "dry_run": row,
        "summary": Summary(row),
        "nobody_works": row.is_active and not workers_for(row.gpu),
    }
