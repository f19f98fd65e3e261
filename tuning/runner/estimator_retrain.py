"""Fitting an estimator with a trial's values on all rows but the test's, and saving it."""

from typing import Any

import keras
import numpy as np

from tuning.protocol.description import description_of
from tuning.protocol.events import Metrics, Progress, Retrained
from tuning.protocol.orders import RetrainOrder
from tuning.protocol.scorers import SCORE

from .channel import Channel
from .data import load_dataset
from .estimators import EstimatorTemplate, in_threads, score_of
from .failures import TemplateError
from .libraries import ESTIMATOR_PACKAGES, versions
from .raw_sklearn import fit_on_raw, raw_rows
from .skops_files import save_estimator
from .spaces import with_values

# Told besides the search's own scorer, because everybody knows them.
_WELL_KNOWN = {
    "classification": {"accuracy": "accuracy"},
    "regression": {"r2": "r2", "mean_absolute_error": "neg_mean_absolute_error"},
}


def retrain_estimator(order: RetrainOrder, channel: Channel) -> None:
    """Fit on train + validation rows, evaluate once on the test rows, save and load again."""
    dataset = load_dataset(order.project)
    template = EstimatorTemplate(
        order.project.code, dataset.facts, order.project.constants, dataset.rows
    )
    keras.utils.set_random_seed(order.seed)
    estimator = template.build(with_values(order.space, order.values))
    x, y = raw_rows(dataset, "train", "validation")
    channel.send(Progress(f"Fitting on {len(x):,} rows"))
    with in_threads():
        whole = fit_on_raw(estimator, dataset, x, y)
        channel.send(Progress("Evaluating on the test rows and saving", 1.0))
        test = raw_rows(dataset, "test")
        metrics = _evaluate(whole, test, order.scoring, dataset.facts["task"])
        about = description_of(dataset.facts)
        types = save_estimator(whole, test[0] if len(test[0]) else x, about)
    channel.send(Retrained(metrics, 0, versions(ESTIMATOR_PACKAGES), repr(whole), types))


def _evaluate(estimator: Any, test: tuple[Any, np.ndarray], scoring: str, task: str) -> Metrics:
    """The search's own score, under its scorer's name, and the well-known ones. One that cannot be
    had of these rows is None."""
    if not len(test[0]):
        return {}
    metrics: Metrics = {}
    for name, scorer in {scoring or SCORE: scoring, **_WELL_KNOWN[task]}.items():
        try:
            value = score_of(estimator, scorer, *test)
        except TemplateError:
            metrics[name] = None
        else:
            # scikit-learn turns errors around, so that larger is better.
            metrics[name] = -value if scorer == f"neg_{name}" else value
    return metrics
