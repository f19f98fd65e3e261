"""The number of folds of a new search: of estimators always, of networks if a person wants them."""

from typing import Any

from django import forms

from tuning.analysis.profiles import most_folds
from tuning.models import Project
from tuning.protocol.splitting import SPLITS, SplitBy
from tuning.strategies.traits import WITH_ROUNDS, traits_of

MIN_FOLDS, MAX_FOLDS = 2, 20
_PROPOSED = 5
ONE_EXECUTION = "Each fold is an execution. Enter 1, or leave Folds blank."
_SCORE = "The score is the mean over the folds."


def folds_field(project: Project) -> forms.IntegerField:
    """Networks are trained once on the training rows where it is blank."""
    kind = project.inspection.kind
    if kind.no_folds:
        disabled = forms.NumberInput(attrs={"disabled": True})
        return forms.IntegerField(
            required=False, widget=disabled, help_text=f"No cross-validation. {kind.no_folds}"
        )
    by = SplitBy.TIME if project.dataset.windows else SplitBy(project.split.by)
    rows = "Number of cross-validation folds over training and validation rows."
    text = f"{rows} {_SCORE} {SPLITS[by].folds}".strip()
    if not kind.has_epochs:
        return forms.IntegerField(
            min_value=MIN_FOLDS, max_value=MAX_FOLDS, initial=proposed_folds(project, _PROPOSED),
            help_text=text,
        )  # fmt: skip
    return forms.IntegerField(
        min_value=MIN_FOLDS, max_value=MAX_FOLDS, required=False,
        help_text=f"{text} Blank: scored on the validation rows.",
    )  # fmt: skip


def proposed_folds(project: Project, requested: int) -> int:
    """So many, or as many as the rows allow."""
    return max(MIN_FOLDS, min(requested, most_folds(project) or requested))


def check_folds(project: Project, folds: int | None) -> None:
    """Whether the rows allow so many. Raises ValidationError."""
    if folds is None:
        return
    if project.inspection.kind.no_folds:
        raise forms.ValidationError(project.inspection.kind.no_folds)
    check_number(project, folds)


def check_number(project: Project, folds: int) -> None:
    """The same, if its template can be cross-validated."""
    most = most_folds(project)
    if most is None or folds <= most:
        return
    split = project.split
    if project.dataset.windows:
        raise forms.ValidationError(
            "There are too few windows to leave a window’s length out within each fold"
            + (f": at most {most:,} folds." if most >= MIN_FOLDS else ".")
        )
    if split.column:
        raise forms.ValidationError(
            f"“{split.column}” allows at most {most:,} folds: each needs "
            f"{SPLITS[split.by].fold_needs}"
            f"{' and a row of each class' if split.stratified else ''}."
        )
    which = "The smallest class has only" if split.stratified else "There are only"
    raise forms.ValidationError(
        f"{which} {most:,} training and validation rows, so there can be at most {most:,} folds."
    )


def check_settings(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    """What does not go together with folds of networks."""
    if not cleaned.get("folds"):
        return
    if said := refusal(cleaned.get("tuner") or ""):
        form.add_error("folds", said)
    if (cleaned.get("executions_per_trial") or 1) > 1:
        form.add_error("executions_per_trial", ONE_EXECUTION)


def refusal(tuner: str) -> str:
    """Why trials of a strategy cannot be cross-validated; empty if they can."""
    if tuner not in WITH_ROUNDS:
        return ""
    return (
        f"{traits_of(tuner).caption} continues trials from the weights of one model, but each fold "
        "has a model of its own. Select another strategy; pruning also ends trials early."
    )
