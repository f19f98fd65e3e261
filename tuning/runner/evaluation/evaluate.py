"""From a retrained model to its Evaluation. A model that cannot be evaluated stays a model: the
evaluation says why."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tuning.protocol.data_kinds import kind_of_rows
from tuning.protocol.evaluation import (
    CHANGES_ROWS,
    PREDICTIONS,
    THRESHOLD,
    Evaluation,
    Importances,
    OutputReport,
    Score,
)
from tuning.protocol.events import Metrics, Progress
from tuning.protocol.metrics import ALIASES
from tuning.protocol.orders import ProjectOrder
from tuning.protocol.tasks import Task, target_names
from tuning.runner.channel import Channel
from tuning.runner.estimators.building import in_threads
from tuning.runner.inputs.data import Dataset, row_numbers
from tuning.runner.inputs.frames import raw_frame
from tuning.runner.saved.raw_sklearn import raw_rows
from tuning.runner.template.code import Template

from . import bootstrap, predictions, several
from .classification import report_classes
from .importances import Predict, importances_of
from .labels import report_labels
from .predicted import NotEvaluable, Predictions
from .reconstruction import Losses, Reproduce, errors_of, report_reconstruction
from .regression import overall_scores, report_numbers

NO_TEST_ROWS = "The project has no test rows, so there is nothing to evaluate the model on."
_CUSTOM_FIT = (
    "The template fits the model with its own code. If that code changes rows or targets first, "
    "these figures do not apply, because the test rows are used as they are."
)
_SCALED = (
    "Errors are on the scale from 0 to 1 on which the model is trained; the baseline predicts the "
    "mean of the training rows."
)
# Beyond it, rows times classes fill gigabytes.
_MAX_SCORES = 100_000_000
_MAX_SENTENCE = 500
# A metric of Keras's and ours are the same number up to the rounding of its float32 means.
_ROUNDING = 1e-4


def evaluate_network(
    keras_model: Any, dataset: Dataset, template: Template, project: ProjectOrder,
    batch_size: int, metrics: Metrics, channel: Channel, custom_fit: bool = False,
) -> Evaluation:  # fmt: skip
    """`metrics`: what the model's own evaluation on the test rows gave. `custom_fit`: the
    template's code may train it on something else than the rows as they are."""
    fits_by_itself = custom_fit or template.fits_by_itself
    if fits_by_itself and keras_model.compiled and not metrics and dataset.has_rows("test"):
        # Keras could not compare its outputs with the targets: see `evaluate_if_possible`.
        return Evaluation(problem=CHANGES_ROWS)
    if dataset.reconstructs:
        return _with_note(
            evaluate_reconstruction(
                lambda x: keras_model.predict(
                    dataset.inputs_of(x), batch_size=batch_size, verbose=0
                ),
                dataset, project, metrics, partial(predictions.losses, keras_model),
            ),
            custom_fit,
        )  # fmt: skip

    def values(x: Any) -> np.ndarray:
        outputs = predictions.predict_at_once(keras_model, dataset, np.asarray(x))
        unknown: np.ndarray = np.zeros((len(x), *dataset.y.shape[1:]), np.int64)
        return _of_network(keras_model, outputs, unknown, dataset).predicted

    def test() -> tuple[Predictions, np.ndarray | None]:
        x, y = dataset.raw("test")
        outputs = predictions.predict(keras_model, dataset, x, batch_size)
        found = _of_network(keras_model, outputs, np.asarray(y), dataset)
        return found, predictions.losses(keras_model, outputs, template.targets(keras_model, y))

    rows = partial(_stored_rows, dataset)
    found = _evaluation(dataset, project, metrics, channel, test, values, rows)
    return _with_note(found, custom_fit)


def _with_note(found: Evaluation, custom_fit: bool) -> Evaluation:
    if custom_fit and found.outputs:
        return replace(found, notes=[*found.notes, _CUSTOM_FIT])
    return found


def evaluate_reconstruction(
    reproduce: Reproduce, dataset: Dataset, project: ProjectOrder, metrics: Metrics,
    losses: Losses,
) -> Evaluation:  # fmt: skip
    """Of an autoencoder. `losses`: of each row, from outputs and targets."""
    numbers = row_numbers(project, "test")
    if not len(numbers):
        return Evaluation(problem=NO_TEST_ROWS)
    try:
        found = errors_of(reproduce, dataset, losses)
        report = report_reconstruction(found, reproduce, dataset, numbers)
        measured = _measured(metrics, dataset, report.scores, found.losses)
    except NotEvaluable as error:
        return Evaluation(len(numbers), str(error))
    except Exception as error:  # noqa: BLE001  the template's model may raise anything
        return Evaluation(len(numbers), _sentence("Reproducing the test rows failed", error))
    lines = np.column_stack([numbers, found.found.lines]).astype(np.float64)
    np.save(PREDICTIONS, lines)
    return Evaluation(rows=len(numbers), measured=measured, outputs=[report], notes=[_SCALED])


def evaluate_estimator(
    estimator: Any, dataset: Dataset, project: ProjectOrder, metrics: Metrics, channel: Channel
) -> Evaluation:
    """The same of a fitted estimator that takes raw rows."""

    def test() -> tuple[Predictions, None]:
        x, y = raw_rows(estimator, dataset, "test")
        return _of_estimator(estimator, x, np.asarray(y), dataset), None

    values: Predict = estimator.predict
    rows = partial(raw_rows, estimator, dataset, "validation")
    if dataset.windows:
        values, rows = partial(_of_windows, estimator, dataset), partial(_stored_windows, dataset)
    with in_threads():
        return _evaluation(
            dataset, project, metrics, channel, test, values, rows,
        )  # fmt: skip


def _evaluation(
    dataset: Dataset,
    project: ProjectOrder,
    metrics: Metrics,
    channel: Channel,
    test: Callable[[], tuple[Predictions, np.ndarray | None]],
    values: Predict,
    validation_rows: Callable[[], tuple[Any, np.ndarray]],
) -> Evaluation:
    numbers = row_numbers(project, "test")
    if not len(numbers):
        return Evaluation(problem=NO_TEST_ROWS)
    try:
        if len(numbers) * _classes(dataset) > _MAX_SCORES:
            raise NotEvaluable("There are too many test rows and classes to evaluate the model.")
        found, losses = test()
        outputs, overall = _reports(dataset, found)
        measured = _measured(metrics, dataset, overall or outputs[0].scores, losses)
    except NotEvaluable as error:
        return Evaluation(len(numbers), str(error))
    except Exception as error:  # noqa: BLE001  the template's model may raise anything
        return Evaluation(len(numbers), _sentence("Predicting the test rows failed", error))
    np.save(PREDICTIONS, np.column_stack([numbers, found.lines]).astype(np.float64))
    return Evaluation(
        rows=len(numbers), measured=measured, outputs=outputs, overall=overall,
        notes=_notes(outputs, len(numbers), _block(dataset)),
        importances=_importances(dataset, values, validation_rows, channel),
    )  # fmt: skip


def _of_network(
    keras_model: Any, outputs: Any, actual: np.ndarray, dataset: Dataset
) -> Predictions:
    if actual.ndim == 1:
        return predictions.of_network(keras_model, outputs, actual, _classes(dataset))
    if _has_labels(dataset):
        return several.labels_of_network(keras_model, outputs, actual)
    return several.numbers_of_network(outputs, actual)


def _of_estimator(estimator: Any, x: Any, actual: np.ndarray, dataset: Dataset) -> Predictions:
    if actual.ndim == 1:
        return predictions.of_estimator(estimator, x, actual, _classes(dataset))
    if _has_labels(dataset):
        return several.labels_of_estimator(estimator, x, actual)
    return several.numbers_of_estimator(estimator, x, actual)


def _reports(dataset: Dataset, found: Predictions) -> tuple[list[OutputReport], list[Score]]:
    """The report of classes, of labels or of each number; and scores of several numbers."""
    facts = dataset.facts
    task, names = Task(facts["task"]).traits, list(map(str, target_names(facts)))
    if task.has_labels:
        return [report_labels(str(facts.get("target_name") or "labels"), found, names)], []
    if task.has_classes:
        classes = facts.get("class_names") or range(facts["num_classes"])
        labels = [str(label) for label in classes]
        return [report_classes(names[0], found, labels, _block(dataset))], []
    if found.actual.ndim == 1:
        return [report_numbers(names[0], found, _block(dataset))], []
    columns = zip(found.actual.T, found.predicted.T, strict=True)
    reports = [
        report_numbers(name, Predictions(actual, predicted), _block(dataset))
        for name, (actual, predicted) in zip(names, columns, strict=True)
    ]
    return reports, overall_scores(found, _block(dataset))


def _notes(outputs: list[OutputReport], rows: int, block: int) -> list[str]:
    if rows < (least := bootstrap.least_rows(block)):
        return [
            f"There are no 95% intervals: the errors of {block:,} neighbouring test windows are "
            f"alike, so an interval needs at least {least:,} of them. There are {rows:,}."
        ]
    if not (Task(outputs[0].task).traits.has_labels and outputs[0].probabilities):
        return []
    return [f"A label counts as predicted if its probability is above {THRESHOLD:g}."]


def _measured(
    metrics: Metrics, dataset: Dataset, scores: list[Score], losses: np.ndarray | None
) -> list[Score]:
    """The metrics with their intervals: those that are known to be one of the report's scores, and
    the loss if it is the mean of the rows' losses."""
    same = Task(dataset.facts["task"]).traits.same_scores
    known = {score.name: score for score in scores}
    found = []
    for name, value in metrics.items():
        sign = -1 if name.startswith("neg_") else 1
        plain = name.removeprefix("neg_").lower()
        plain = ALIASES.get(plain, plain)
        score = known.get(same.get(plain, plain))
        if plain == "loss" and losses is not None:
            drawn = bootstrap.means(losses[:, None], _block(dataset))
            ends = bootstrap.interval(drawn[:, 0])
            score = Score(name, float(losses.mean()), *ends)
        if score is None or not _agree(score.value, value, sign):
            found.append(Score(name, value))
        else:
            turned = sorted(sign * end for end in (score.low, score.high) if end is not None)
            found.append(Score(name, value, *turned))
    return found


def _agree(ours: float | None, theirs: float | None, sign: int) -> bool:
    if ours is None or theirs is None:
        return False
    return bool(np.isclose(sign * ours, theirs, rtol=_ROUNDING, atol=_ROUNDING * 1e-2))


def _importances(
    dataset: Dataset, values: Predict, rows: Callable[[], tuple[Any, np.ndarray]], channel: Channel
) -> Importances:
    facts = dataset.facts
    columns = facts.get("raw_columns") or facts.get("columns")
    names = [column["name"] for column in columns] if columns else facts.get("feature_names")
    if not kind_of_rows(facts).traits.permutable or not names:
        return Importances()
    if facts.get("text_columns") and len(names) == 1:
        # All that the model has to go by.
        return Importances()
    channel.send(Progress("Computing the importance of columns", 1.0))
    try:
        x, y = rows()
        if isinstance(x, np.ndarray) and x.ndim == 1:
            return Importances(problem="The model takes one column of text and nothing else.")
        return importances_of(values, x, np.asarray(y), list(map(str, names)), facts["task"])
    except Exception as error:  # noqa: BLE001  the template's model may raise anything
        return Importances(problem=_sentence("Shuffling the columns failed", error))


def _stored_rows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    x, y = dataset.raw("validation")
    return np.asarray(x).view(np.ndarray), y


def _stored_windows(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Those that an estimator takes as rows."""
    assert dataset.windows
    x, y = dataset.raw("validation")
    return x.reshape(len(x), dataset.windows.look_back, -1), y


def _of_windows(estimator: Any, dataset: Dataset, x: np.ndarray) -> np.ndarray:
    assert dataset.preprocessing
    rows = raw_frame(dataset.preprocessing, x.reshape(len(x), -1))
    return np.asarray(estimator.predict(rows))


def _block(dataset: Dataset) -> int:
    """How many test rows that follow each other are drawn at once."""
    return dataset.windows.overlapping if dataset.windows else 1


def _classes(dataset: Dataset) -> int:
    """0 where numbers are predicted."""
    return int(dataset.facts.get("num_classes") or 0)


def _has_labels(dataset: Dataset) -> bool:
    return Task(dataset.facts["task"]).traits.has_labels


def _sentence(what: str, error: Exception) -> str:
    return f"{what}: {type(error).__name__}: {error}"[:_MAX_SENTENCE]
