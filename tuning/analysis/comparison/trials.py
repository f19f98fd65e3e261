"""The tables of trials side by side: values, metrics, what they cost, what their searches did."""

from collections.abc import Sequence

from tuning.analysis.resources import resources_of
from tuning.analysis.trial_metrics import direction_of, metric_rows, ordered, share_inspections
from tuning.models import Search, Trial
from tuning.protocol.measured import label_of
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import read_space

from .settings import setting_rows
from .tables import Group, Row, row_of, rows_of


def trial_groups(trials: Sequence[Trial], reference: int = 0) -> list[Group]:
    """The reference is the trial with which the others are compared: its place among them."""
    groups = [
        Group("Result", _result(trials, reference), _disagreement(trials), marks=False),
        Group("Hyperparameters", _values(trials, reference)),
        *_metrics(trials, reference),
        Group("Resource use", _resources(trials, reference), marks=False),
        Group("Search", setting_rows([trial.search for trial in trials], reference)),
    ]
    return [group for group in groups if group.rows]


def names_of(trials: Sequence[Trial]) -> list[str]:
    """Numbers count within a search, so that several searches have to be named."""
    if len({trial.search_id for trial in trials}) == 1:
        return [f"trial {trial.number}" for trial in trials]
    return [f"search {trial.search.number}, trial {trial.number}" for trial in trials]


def _result(trials: Sequence[Trial], reference: int) -> list[Row]:
    goals = {(trial.search.score_name, trial.search.direction) for trial in trials}
    searches = [trial.search for trial in trials]
    direction = goals.copy().pop()[1] if len(goals) == 1 else None
    name = f"Score ({goals.copy().pop()[0]})" if len(goals) == 1 else "Score"
    scores = [trial.score for trial in trials]
    statuses = [Status(trial.status).caption for trial in trials]
    # Where a person asks why a trial has no score.
    unlike = any(trial.status != Status.COMPLETED for trial in trials)
    return [
        row_of(name, scores, reference, "figure", direction),
        *_judged_rows(trials, searches, reference),
        *([row_of("Status", statuses, reference, "text")] if unlike else []),
        *rows_of(
            trials,
            reference,
            best_epoch=("Best epoch", "setting", _best_epoch),
            epochs=("Epochs trained", "setting", lambda trial: trial.epochs_done),
        ),
    ]


def _judged_rows(trials: Sequence[Trial], searches: Sequence[Search], reference: int) -> list[Row]:
    """The objectives after the first of any of these searches, and what has constraints."""
    names = dict.fromkeys(name for search in searches for name in search.judged_by[1:])
    return [
        row_of(
            label_of(name), [trial.figure(name) for trial in trials], reference, "figure",
            direction_of(name, searches),
        )
        for name in names
    ]  # fmt: skip


def _disagreement(trials: Sequence[Trial]) -> str:
    goals = {(trial.search.score_name, trial.search.direction) for trial in trials}
    if len(goals) < 2:
        return ""
    return "The searches have different objectives, so their scores cannot be compared."


def _best_epoch(trial: Trial) -> int | None:
    return trial.best_epoch if trial.search.kind.has_epochs else None


def _values(trials: Sequence[Trial], reference: int) -> list[Row]:
    """In the order of the templates; a hyperparameter that was not in use has no value."""
    names = [parameter.name for trial in trials for parameter in read_space(trial.search.space)]
    names += [name for trial in trials for name in trial.values]
    used = {name for trial in trials for name in trial.values}
    return [
        row_of(name, [trial.values.get(name) for trial in trials], reference, is_code=True)
        for name in dict.fromkeys(names)
        if name in used
    ]


def _metrics(trials: Sequence[Trial], reference: int) -> list[Group]:
    tables = [{row.name: row for row in metric_rows(trial)} for trial in trials]
    searches = [trial.search for trial in trials]
    share_inspections(searches)
    names = ordered(
        {name for table in tables for name in table}, [search.objective for search in searches]
    )

    def group(title: str, part: str, note: str) -> Group:
        rows = [
            row_of(
                name,
                [getattr(table.get(name), part, None) for table in tables],
                reference,
                "figure",
                direction_of(name, searches),
                is_code=True,
            )
            for name in names
        ]
        return Group(title, rows, note, marks=False)

    return [
        group("Metrics", "best", "At the best epoch, averaged over executions."),
        group("Last values", "last", "After the last epoch, averaged over executions."),
    ]


def _resources(trials: Sequence[Trial], reference: int) -> list[Row]:
    return rows_of(
        resources_of(trials),
        reference,
        parameters=("Parameters", "figure", lambda each: each.parameters),
        memory=("Peak memory", "bytes", lambda each: each.used.peak_memory),
        gpu=("GPU", "text", lambda each: each.used.gpu_name or None),
        gpu_memory=("Peak GPU memory", "bytes", lambda each: each.used.peak_gpu_memory),
        gpu_use=("GPU use", "text", lambda each: each.used.gpu_use_text or None),
        epoch=("Time per epoch", "duration", lambda each: each.epoch_seconds),
        first=("First epoch", "duration", lambda each: each.first_seconds),
        total=("Total time", "duration", lambda each: each.total),
    )
