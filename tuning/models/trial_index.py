"""What the trial table filters and sorts by: one narrow row a trial, in typed columns.

Trials carry texts and JSON, so that going through 100,000 of them takes seconds. A database goes
through these rows in milliseconds. Each follows from its trial and is written with it, in the
same transaction: values when it is made, results when it ends. While a trial is active its `status`
here is empty: its own row tells.
"""

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from .fixed_queries import FixedUpsert
from .searches import Search
from .teams import TeamOwnedQuerySet
from .trials import Epoch, Trial

NUMBER_COLUMNS, TEXT_COLUMNS = 48, 16
# What a cell of text holds of a longer one.
MAX_TEXT = 200
BATCH = 2000


class TrialIndexQuerySet(TeamOwnedQuerySet):
    team_path = "search__project__team"
    project_path = "search__project__"

    def fill(self, search: Search, trials: Iterable[Trial] | None = None) -> None:
        """Write the rows of these trials (all of the search's without them). Called in a
        transaction that holds the search's lock, since new columns get their places here."""
        known = dict(search.index_columns)
        if trials is None:
            every = search.trials.select_related("worker").order_by("number")
            trials = every.iterator(BATCH)
        rows: list[TrialIndex] = []
        for trial in trials:
            rows.append(_row_of(search, trial))
            if len(rows) == BATCH:
                self._put(rows)
                rows = []
        self._put(rows)
        if search.index_columns != known:
            Search.objects.filter(pk=search.pk).update(index_columns=search.index_columns)

    def fill_missing(self) -> int:
        """Write what is missing, of searches from before there was an index. How many searches."""
        searches = list(Search.objects.filter(trials__index_row__isnull=True).distinct())
        for search in searches:
            with transaction.atomic():
                Search.objects.select_for_update().get(pk=search.pk)
                for trial in search.trials.finished().filter(last_metrics={}):
                    found = last_metrics(trial)
                    Trial.objects.filter(pk=trial.pk).update(last_metrics=found)
                self.fill(search)
        return len(searches)

    def _put(self, rows: list["TrialIndex"]) -> None:
        if len(rows) == 1:
            _ONE_ROW.write(rows[0])
            return
        names = [field.name for field in self.model._meta.concrete_fields if not field.primary_key]
        self.bulk_create(rows, update_conflicts=True, unique_fields=["trial"], update_fields=names)


class TrialIndex(models.Model):
    """`Search.index_columns` says which of n0 … and t0 … holds which hyperparameter or metric."""

    trial = models.OneToOneField(
        Trial, on_delete=models.CASCADE, primary_key=True, related_name="index_row"
    )
    search = models.ForeignKey(
        Search, on_delete=models.CASCADE, related_name="index_rows", db_index=False
    )
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, blank=True)
    failure = models.CharField(max_length=30, blank=True)
    score = models.FloatField(null=True)
    epochs = models.PositiveIntegerField(null=True)
    seconds = models.FloatField(null=True)
    parameters = models.BigIntegerField(null=True)
    memory = models.BigIntegerField(null=True)
    gpu_memory = models.BigIntegerField(null=True)
    gpu_use = models.FloatField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    not_finite = models.CharField(max_length=MAX_TEXT, blank=True)

    objects = TrialIndexQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["search", "number"]),
            # What a search's page counts and sums is read from this index alone. It goes by number
            # as well: other columns, of rows in the order of their scores, would be read slowly.
            models.Index(
                fields=["search", "number", "status", "score", "seconds"], name="cells_of_search"
            ),
        ]

    def __str__(self) -> str:
        return f"row of trial {self.number}"


for _place in range(NUMBER_COLUMNS):
    TrialIndex.add_to_class(f"n{_place}", models.FloatField(null=True))
for _place in range(TEXT_COLUMNS):
    TrialIndex.add_to_class(f"t{_place}", models.CharField(max_length=MAX_TEXT, null=True))


_ONE_ROW = FixedUpsert(TrialIndex, "trial")


def as_text(value: Any) -> str:
    """What a cell holds of a value that is no number: `true` for True, as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:MAX_TEXT]


def _row_of(search: Search, trial: Trial) -> TrialIndex:
    ended = not trial.is_active
    row = TrialIndex(
        trial=trial, search=search, number=trial.number,
        status=trial.status if ended else "",
        failure=trial.failure_code if ended else "",
        score=trial.score if ended else None,
        epochs=trial.epochs_done if ended else None,
        seconds=_seconds(trial) if ended else None,
        parameters=trial.parameters if ended else None,
        memory=trial.peak_memory if ended else None,
        gpu_memory=trial.peak_gpu_memory if ended else None,
        gpu_use=trial.gpu_use if ended else None,
        worker=trial.trained_by if ended else "",
        not_finite=as_text(", ".join(trial.not_finite)) if ended else "",
    )  # fmt: skip
    parts = {"hp": trial.values}
    if ended:
        parts |= {"metric": trial.metrics, "last": trial.last_metrics, "measure": trial.measures}
    for prefix, part in parts.items():
        for name, value in part.items():
            if value is not None:
                _set(search, row, f"{prefix}:{name}", value)
    return row


def _set(search: Search, row: TrialIndex, key: str, value: Any) -> None:
    is_text = isinstance(value, bool) or not isinstance(value, int | float)
    column = search.index_columns.get(key) or _new_column(search, key, "t" if is_text else "n")
    # A name whose values are numbers here and words there keeps the kind that came first.
    if column and column[0] == ("t" if is_text else "n"):
        setattr(row, column, as_text(value) if is_text else float(value))


def _new_column(search: Search, key: str, kind: str) -> str | None:
    """None if all are taken: such a column is read from the trial's JSON, slowly."""
    count = NUMBER_COLUMNS if kind == "n" else TEXT_COLUMNS
    taken = set(search.index_columns.values())
    free = next((f"{kind}{i}" for i in range(count) if f"{kind}{i}" not in taken), None)
    if free:
        search.index_columns[key] = free
    return free


def _seconds(trial: Trial) -> float | None:
    duration = trial.duration
    return duration.total_seconds() if duration is not None else None


def last_metrics(trial: Trial) -> dict[str, float]:
    """The metrics of the last epoch of the current attempt, averaged over its executions."""
    rows = Epoch.objects.filter(trial=trial, attempt=trial.attempt).order_by("execution", "epoch")
    return mean_of_last(rows.values_list("execution", "metrics"))


def without_number(metrics: Iterable[dict[str, float | None]]) -> list[str]:
    """The metrics that were NaN or infinite anywhere, in order: events have null for those. A
    metric that an epoch does not have is no such."""
    return sorted({name for each in metrics for name, value in each.items() if value is None})


def mean_of_last(epochs: Iterable[tuple[int, dict[str, float | None]]]) -> dict[str, float]:
    """The same of (execution, metrics) in the order of the epochs."""
    # Later epochs replace earlier ones.
    last: dict[int, dict[str, float | None]] = dict(epochs)
    found: dict[str, list[float]] = {}
    for metrics in last.values():
        for name, value in metrics.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in found.items()}
