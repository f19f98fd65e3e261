"""Between the rows of a search and its oracle. Called in a transaction that locks it."""

from tuning import oracle
from tuning.analysis.feeding import Fitting
from tuning.models import Search, Trial
from tuning.protocol.statuses import Status

_STATUSES = {
    Status.QUEUED: "RUNNING",
    Status.RUNNING: "RUNNING",
    Status.COMPLETED: "COMPLETED",
    Status.FAILED: "FAILED",
    Status.STOPPED: "FAILED",
}


def suggest_trial(search: Search, number: int) -> oracle.Suggestion:
    """Ask the search's oracle for trial `number` and keep its new state."""
    suggestion = oracle.suggest(
        _settings(search),
        search.oracle_state,
        _known(search),
        claimant=str(number),
        fed=[] if search.oracle_state else _fed(search),
    )
    if suggestion.status == "RUNNING":
        _keep(search, suggestion.state)
    return suggestion


def report_end(
    search: Search, trial: Trial, status: str, score: float | None, best_step: int
) -> None:
    """Tell the search's oracle how a trial ended. `status` is COMPLETED or FAILED."""
    ended = oracle.KnownTrial(trial.oracle_id, trial.all_values, status, score, best_step)
    known = [
        oracle.KnownTrial(item.trial_id, item.values, "RUNNING")
        if item.trial_id == trial.oracle_id
        else item
        for item in _known(search)
    ]
    _keep(search, oracle.report(_settings(search), search.oracle_state, known, ended))


def _keep(search: Search, state: oracle.State) -> None:
    search.oracle_state = state
    Search.objects.filter(pk=search.pk).update(oracle_state=state)


def _known(search: Search) -> list[oracle.KnownTrial]:
    rows = search.trials.exclude(oracle_id="").order_by("number")
    return [
        oracle.KnownTrial(
            trial_id=row.oracle_id,
            values=row.all_values,
            status=_STATUSES[Status(row.status)],
            score=row.score,
            best_step=(row.best_epoch or 1) - row.first_epoch - 1,
        )
        for row in rows
    ]


def _fed(search: Search) -> list[oracle.KnownTrial]:
    """What the search begins with, as far as its space holds it."""
    if not search.fed_count:
        return []
    fits = Fitting(search.space, search.tuner)
    known = []
    for trial in search.fed_trials.completed().order_by("search__number", "number"):
        values = fits.values(trial.values)
        if values is not None and trial.score is not None:
            name = f"{oracle.FED}{trial.pk}"
            step = (trial.best_epoch or 1) - trial.first_epoch - 1
            known.append(oracle.KnownTrial(name, values, "COMPLETED", trial.score, step))
    return known


def _settings(search: Search) -> oracle.OracleSettings:
    # The baseline takes one of the trials, and the oracle does not know it.
    outside = search.trials.filter(oracle_id="").count()
    return oracle.OracleSettings(
        tuner=search.tuner,
        objective=search.objective,
        direction=search.direction,
        space=search.space,
        seed=search.seed,
        max_trials=search.max_trials - outside,
        epochs=search.epochs,
        hyperband_factor=search.hyperband_factor,
        hyperband_iterations=search.hyperband_iterations,
        bayesian_initial_points=search.bayesian_initial_points,
        bayesian_alpha=search.bayesian_alpha,
        bayesian_beta=search.bayesian_beta,
    )
