"""Fitting an estimator with a trial's values on all rows but the test's, and saving it."""

from typing import Any

import keras
import numpy as np

from tuning.protocol.description import description_of
from tuning.protocol.evaluation import CHANGES_ROWS, Evaluation
from tuning.protocol.events import Metrics, Progress, Retrained
from tuning.protocol.orders import ProjectOrder, RetrainOrder
from tuning.protocol.scorers import SCORE
from tuning.protocol.tasks import Task
from tuning.runner.channel import Channel
from tuning.runner.evaluation.evaluate import evaluate_estimator
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.libraries import ESTIMATOR_PACKAGES, versions
from tuning.runner.saved.raw_sklearn import fit_on_raw, raw_rows
from tuning.runner.saved.skops_files import refuse_unsafe, save_estimator
from tuning.runner.spaces import with_values

from .building import EstimatorTemplate, in_threads, rows_for, score_of
from .columns import explained_columns
from .inspection import few_rows
from .texts import text_name
from .weighting import unweighted_note


def retrain_estimator(order: RetrainOrder, channel: Channel) -> None:
    """Fit on train + validation rows, evaluate once on the test rows, save and load again."""
    dataset = load_dataset(order.project).for_estimators()
    template = EstimatorTemplate(order.project, dataset)
    values = with_values(order.space, order.values)
    _check(template.build(values), dataset)
    keras.utils.set_random_seed(order.seed)
    estimator = template.build(values)
    x, y = raw_rows(estimator, dataset, "train", "validation")
    channel.send(Progress(f"Fitting on {len(x):,} rows"))
    with in_threads(), explained_columns(dataset.facts):
        weights = dataset.weights("train", "validation")
        whole = fit_on_raw(estimator, dataset, x, y, weights)
    scorers = {order.scoring or SCORE: order.scoring}
    note = "" if weights is None else unweighted_note(estimator)
    hand_over(whole, dataset, order.project, scorers, channel, note)


def _check(estimator: Any, dataset: Dataset) -> None:
    """Find out on a few rows whether such an estimator can be saved, before all rows are fitted.
    Raises CannotSave."""
    try:
        with in_threads():
            x, y = rows_for(estimator, dataset, "train")
            estimator.fit(*few_rows(x, y, dataset.facts["task"]))
    except Exception as error:  # noqa: BLE001  scikit-learn and the template may raise anything
        print(f"The check on a few rows failed: {error!r}")
        return
    refuse_unsafe(estimator)


def hand_over(
    estimator: Any, dataset: Dataset, project: ProjectOrder, scorers: dict[str, str],
    channel: Channel, note: str = "", evaluates: bool = True,
) -> None:  # fmt: skip
    """Evaluate a fitted estimator on the test rows, save it and tell of it. `scorers`: those to
    judge it by besides the well-known ones, under the names that pages show. `evaluates`: whether
    it takes the rows as they are, so that its scores are a measure."""
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    test = raw_rows(estimator, dataset, "test")
    rows = test[0] if len(test[0]) else raw_rows(estimator, dataset, "train")[0]
    with in_threads():
        # Besides the search's own scorer, those that everybody knows.
        judges = scorers | Task(dataset.facts["task"]).traits.scorers
        metrics = _evaluate(estimator, test, judges) if evaluates else {}
        text = text_name(estimator, dataset)
        types = save_estimator(estimator, rows, description_of(dataset.facts, text=text))
    evaluation = Evaluation(problem=CHANGES_ROWS)
    if evaluates:
        evaluation = evaluate_estimator(estimator, dataset, project, metrics, channel)
    about = versions(ESTIMATOR_PACKAGES)
    channel.send(Retrained(metrics, 0, about, repr(estimator), types, note, evaluation=evaluation))


def _evaluate(estimator: Any, test: tuple[Any, np.ndarray], scorers: dict[str, str]) -> Metrics:
    """Scores under their names. One that cannot be had of these rows is None."""
    if not len(test[0]):
        return {}
    metrics: Metrics = {}
    for name, scorer in scorers.items():
        try:
            value = score_of(estimator, scorer, *test)
        except TemplateError:
            metrics[name] = None
        else:
            # scikit-learn turns errors around, so that larger is better.
            metrics[name] = -value if scorer == f"neg_{name}" else value
    return metrics
