"""scikit-learn estimators of a template: whether one suits the task, its rows, its score."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import joblib
import keras_tuner as kt
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

from tuning.protocol.orders import ProjectOrder
from tuning.protocol.tasks import Task, target_names
from tuning.runner.failures import NoModel, TemplateError
from tuning.runner.inputs.data import Arrays, Dataset
from tuning.runner.inputs.frames import frame_rows
from tuning.runner.template.code import Template
from tuning.runner.template.definitions import shown
from tuning.runner.training_weights import balance

from .columns import check_columns, selects_columns, with_plain_lists
from .texts import text_rows

# Of a matrix: from here on BLAS gains by several threads.
LARGE = 10_000_000


class EstimatorTemplate(Template):
    """A template whose estimators are checked, keep to the cores of their slot, and balance
    classes if the project asks for that."""

    def __init__(self, project: ProjectOrder, dataset: Dataset) -> None:
        super().__init__(
            project.code, dataset.facts, project.constants, dataset.rows,
            partial(frame_rows, dataset),
        )  # fmt: skip
        self._balances = project.class_weights

    def build(self, hp: kt.HyperParameters) -> Any:
        estimator = ready(super().build(hp), self.facts, self.builder_name)
        if self._balances:
            balance(estimator)
        return estimator


def is_estimator(model: Any) -> bool:
    """Whether a template built something of scikit-learn's kind, whatever it can do."""
    return isinstance(model, BaseEstimator)


def ready(estimator: Any, facts: dict[str, Any], builder: str) -> Any:
    """What the function `builder` returned, if it is an estimator that can do the dataset's task.
    Raises TemplateError."""
    if not is_estimator(estimator):
        raise NoModel(
            f"{builder} returned {shown(estimator)}. It must return a scikit-learn estimator for "
            "all values."
        )
    name = type(estimator).__name__
    missing = [part for part in ("fit", "predict") if not hasattr(estimator, part)]
    if missing:
        raise TemplateError(
            f"The template built {name}, which has no {missing[0]}: the last step must predict."
        )
    found = get_tags(estimator).estimator_type
    task = Task(facts["task"]).traits
    # Classes of a template's own may not say what they are: fitting them tells.
    if found not in (None, task.estimator):
        raise TemplateError(
            f"The template built {name}, a {found.replace('_', ' ')}, but the dataset's targets "
            f"are {task.targets}: it takes a {task.estimator}."
        )
    check_columns(estimator, facts)
    with_plain_lists(estimator)
    _limit_jobs(estimator)
    return _for_all_targets(estimator, facts)


def wrapping_note(wrapped: Any) -> str:
    """A sentence about an estimator that is fitted once for each target."""
    inner, outer = type(wrapped.estimator).__name__, type(wrapped).__name__
    return f"{inner} predicts one target, so {outer} fits one for each target."


def _for_all_targets(estimator: Any, facts: dict[str, Any]) -> Any:
    """An estimator that takes all targets of a row: this one, or one of it for each."""
    labels = Task(facts["task"]).traits.has_labels
    if facts.get("num_classes") or len(target_names(facts)) == 1:
        return estimator
    tags = get_tags(estimator)
    of_labels = tags.classifier_tags is not None and tags.classifier_tags.multi_label
    if tags.target_tags.multi_output or (labels and of_labels):
        return estimator
    return MultiOutputClassifier(estimator) if labels else MultiOutputRegressor(estimator)


def _limit_jobs(estimator: Any) -> None:
    """`n_jobs=-1` would take all cores of the machine, of which this slot has only some."""
    most = _cores()
    too_many = {
        name: most
        for name, value in estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "n_jobs"
        and isinstance(value, int)
        and (value < 0 or value > most)
    }
    estimator.set_params(**too_many)


def _cores() -> int:
    """The supervisor gives each slot its share by the variable that numerical libraries read."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


@contextmanager
def in_threads(numbers: int = LARGE) -> Iterator[None]:
    """Parallel parts run in threads: processes would each import everything again, and escape the
    limits of memory for a while. `numbers`: how many a trial computes with, if that is known. With
    few, BLAS gets one thread: several would wait for each other longer than they compute."""
    blas_threads = None if numbers >= LARGE else 1
    with (
        joblib.parallel_config(backend="threading"),
        threadpool_limits(blas_threads, user_api="blas"),
    ):
        yield


def matrix_rows(dataset: Dataset, *parts: str) -> Arrays:
    """As `Dataset.rows`, x of shape (rows, features): images become one row of numbers each."""
    x, y = dataset.rows(*parts)
    return x.reshape(len(x), -1), y


def rows_for(estimator: Any, dataset: Dataset, *parts: str) -> tuple[Any, Any]:
    """Rows as the estimator takes them: a DataFrame for one that selects columns, else a matrix; of
    texts as `texts.py` says."""
    if dataset.texts:
        return text_rows(estimator, dataset, *parts)
    as_frame = selects_columns(estimator, dataset.facts)
    return frame_rows(dataset, *parts) if as_frame else matrix_rows(dataset, *parts)


def score_of(estimator: Any, scoring: str, x: Any, y: Any) -> float:
    """How well a fitted estimator does on these rows: by a named scorer or, without a name, by its
    own `score`. Larger is better; may be NaN. Raises TemplateError if it cannot be had."""
    try:
        return float(check_scoring(estimator, scoring or None)(estimator, x, y))
    except (AttributeError, TypeError, ValueError) as error:
        name = type(estimator).__name__
        judge = f"The scorer {scoring}" if scoring else f"The score method of {name}"
        raise TemplateError(f"{judge} cannot judge {name}: {error}") from error
