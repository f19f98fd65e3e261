"""A saved model's scores with their intervals, beside the validation score, and what to beware
of."""

from dataclasses import dataclass
from typing import Any

from tuning.figures import counted, figure
from tuning.models import ModelEvaluation, SavedModel
from tuning.protocol.data_kinds import DataTraits
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import Task

from .confusion import Matrix, matrix_info

# Targets with tables and plots of their own.
MAX_DETAILED = 8
NO_EVALUATION = "This model was retrained before evaluations were added."
# What scores are called that need no explanation as code.
CAPTIONS = {
    "accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "f1_macro": "F1 (macro)",
    "exact_match": "All labels right", "label_accuracy": "Labels right", "f1_micro": "F1 (micro)",
    "roc_auc_labels": "ROC AUC (mean of labels)",
    "average_precision": "Average precision (mean of labels)",
    "roc_auc": "ROC AUC", "roc_auc_ovr": "ROC AUC (one-vs-rest)", "log_loss": "Log loss",
    "r2": "R²",
    "mean_absolute_error": "Mean absolute error", "mean_squared_error": "Mean squared error",
    "root_mean_squared_error": "Root mean squared error",
    "median_absolute_error": "Median absolute error",
    "explained": "Share of variance explained",
    "baseline_mean_squared_error": "Baseline: mean squared error",
    "baseline_mean_absolute_error": "Baseline: mean absolute error",
}  # fmt: skip


@dataclass(frozen=True)
class ScoreRow:
    caption: str
    value: float | None
    low: float | None
    high: float | None

    @property
    def interval(self) -> str:
        """ "0.93 to 0.98", or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{figure(self.low)} to {figure(self.high)}"


@dataclass(frozen=True)
class Output:
    """One target, or all labels: `report` is its part of the document that the runner sent."""

    place: int
    report: dict[str, Any]
    scores: list[ScoreRow]
    matrix: Matrix | None

    @property
    def noun(self) -> str:
        """What the classes of the report are."""
        return "Label" if Task(self.report["task"]).traits.has_labels else "Class"

    @property
    def plural(self) -> str:
        return "Labels" if self.noun == "Label" else "Classes"

    @property
    def reconstructs(self) -> bool:
        return Task(self.report["task"]).traits.reconstructs

    @property
    def columns(self) -> list[tuple[str, float | None, float | None, float | None]]:
        """Of a table's reconstruction: each column with its error, the baseline's, and the share of
        variance explained."""
        return [
            (each["name"], each["error"], each["baseline"], _explained(each))
            for each in self.report.get("columns") or []
        ]


@dataclass(frozen=True)
class Summary:
    """`problem`: why there is no evaluation; then nothing else is there."""

    problem: str
    rows: int = 0
    notes: tuple[str, ...] = ()
    outputs: tuple[Output, ...] = ()
    # Of several numbers together.
    overall: tuple[ScoreRow, ...] = ()

    importances: dict[str, Any] | None = None

    @property
    def detailed(self) -> tuple[Output, ...]:
        """The targets of which pages show all tables and plots."""
        return self.outputs[:MAX_DETAILED]

    @property
    def score_names(self) -> list[str]:
        return [score.caption for score in self.outputs[0].scores]

    @property
    def importance_text(self) -> str:
        """What the bars of the columns are."""
        found = self.importances or {}
        score = {"r2": "R²", "f1_macro": "F1 (macro)"}.get(found["score"], found["score"])
        return (
            f"Column importance: how much worse {score} becomes on "
            f"{counted(found['rows'], 'validation row')} when a column is shuffled (mean and "
            f"standard deviation of {found['repeats']} shuffles). The retrained model was also "
            "trained on these rows."
        )


def summary_of(saved_model: SavedModel, evaluation: ModelEvaluation | None) -> Summary | None:
    """None while there is no model yet."""
    if saved_model.status != Status.COMPLETED:
        return None
    if evaluation is None:
        return Summary(NO_EVALUATION)
    if evaluation.is_active:
        return Summary("The test rows are being evaluated.")
    if evaluation.status == Status.FAILED:
        return Summary(f"The evaluation failed. {evaluation.failure_message}")
    report = evaluation.report
    if not report.get("outputs"):
        return Summary(report.get("problem") or "The model was not evaluated.")
    return Summary(
        "",
        report["rows"],
        tuple(report["notes"]),
        tuple(_output(place, output) for place, output in enumerate(report["outputs"])),
        tuple(_score_rows(report.get("overall") or [])),
        report["importances"],
    )


def scores_of(saved_model: SavedModel, evaluation: ModelEvaluation | None) -> list[ScoreRow]:
    """The retraining's own metrics on the test rows, the one that trials were compared by first."""
    measured = (evaluation.report.get("measured") or []) if evaluation else []
    ends = {score["name"]: (score["low"], score["high"]) for score in measured}
    first = compared_by(saved_model)
    return sorted(
        (
            ScoreRow(name, value, *ends.get(name, (None, None)))
            for name, value in saved_model.test_metrics.items()
        ),
        key=lambda score: (score.caption != first, "loss" in score.caption, score.caption),
    )


def compared_by(saved_model: SavedModel) -> str:
    """The name among the test metrics of what the trial's score measures on validation rows."""
    return str(saved_model.trial.search.score_name).removeprefix("val_")


def gap_text(saved_model: SavedModel, scores: list[ScoreRow]) -> str:
    """How the test score differs from the validation score that the trial was chosen by."""
    validation, name = saved_model.trial.score, compared_by(saved_model)
    test = next((score for score in scores if score.caption == name), None)
    if validation is None or test is None or test.value is None:
        return ""
    difference = test.value - validation
    better = (difference > 0) == (saved_model.trial.search.direction == "max")
    how = "equals" if not difference else (
        f"is {figure(abs(difference), 3)} {'higher' if difference > 0 else 'lower'} "
        f"({'better' if better else 'worse'}) than"
    )  # fmt: skip
    search = saved_model.trial.search
    folds = f" (mean of {search.folds} folds)" if search.has_folds else ""
    text = f"The test score {how} the validation score, {figure(validation)}{folds}."
    if test.low is None or test.high is None:
        return text
    if test.low <= validation <= test.high:
        return f"{text} The validation score lies within the test score's 95% interval."
    return f"{text} The validation score lies outside the test score's 95% interval."


def reuse_warning(saved_model: SavedModel) -> str:
    """A sentence if earlier models of the project were measured on the same test rows, too."""
    if not saved_model.test_metrics or saved_model.finished_at is None:
        return ""
    measured = SavedModel.objects.filter(
        project=saved_model.project_id, status=Status.COMPLETED,
        finished_at__lt=saved_model.finished_at,
    ).exclude(test_metrics={})  # fmt: skip
    # Not itself: SQLite's own clock writes fewer digits than a time that is compared with it.
    measured = measured.exclude(pk=saved_model.pk)
    number = measured.count() + 1
    if number == 1:
        return ""
    return (
        f"{_ordinal(number)} model of this project measured on the same test rows. Choosing "
        "between models by these scores makes the chosen one look better than it is."
    )


def rows_text(summary: Summary | None, data: DataTraits) -> str:
    """ "33 test windows": what a model was evaluated on."""
    if summary is None or not summary.rows:
        return f"the test {data.rows}"
    return counted(summary.rows, f"test {data.row}")


def _output(place: int, output: dict[str, Any]) -> Output:
    return Output(place, output, _score_rows(output["scores"]), matrix_info(output))


def _explained(column: dict[str, Any]) -> float | None:
    error, baseline = column["error"], column["baseline"]
    return 1 - error / baseline if baseline and error is not None else None


def _score_rows(scores: list[dict[str, Any]]) -> list[ScoreRow]:
    return [
        ScoreRow(
            CAPTIONS.get(score["name"], score["name"]), score["value"], score["low"], score["high"]
        )
        for score in scores
    ]


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(
        number % 10, "th"
    )  # fmt: skip
    return f"{number}{ending}"
