"""Evaluating a saved model on the project's test rows, by its file alone."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tuning.protocol.description import RECONSTRUCTION
from tuning.protocol.evaluation import CHANGES_ROWS, Evaluation
from tuning.protocol.events import Evaluated, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import EvaluateOrder
from tuning.runner.channel import Channel
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.inputs.frames import raw_frame
from tuning.runner.saved.opened import OpenedModel
from tuning.runner.template.code import Template

from .evaluate import evaluate_estimator, evaluate_network, evaluate_reconstruction
from .reconstruction import Reproduce


def evaluate_saved(order: EvaluateOrder, channel: Channel) -> None:
    channel.send(Progress("Loading the model"))
    dataset = load_dataset(order.project)
    opened = OpenedModel(order.model, order.trusted_types, order.layers_code)
    channel.send(Progress("Evaluating on the test rows"))
    channel.send(Evaluated(_evaluation(order, dataset, opened, channel)))


def _evaluation(
    order: EvaluateOrder, dataset: Dataset, opened: OpenedModel, channel: Channel
) -> Evaluation:
    metrics, custom = order.metrics, order.kind == ModelKind.CUSTOM
    # Their own code may have changed the rows: then the retraining measured nothing either.
    if custom and not metrics and dataset.has_rows("test"):
        return Evaluation(problem=CHANGES_ROWS)
    if opened.is_estimator:
        rows = dataset.for_estimators()
        return evaluate_estimator(opened.model, rows, order.project, metrics, channel)
    if dataset.reconstructs:
        return evaluate_reconstruction(
            _reproducing(dataset, opened), dataset, order.project, metrics, lambda *_: None
        )
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    if (custom or template.fits_by_itself) and not metrics and dataset.has_rows("test"):
        return Evaluation(problem=CHANGES_ROWS)
    return evaluate_network(
        opened.model, _fed(dataset, opened), template, order.project, order.batch_size, metrics,
        channel, custom_fit=custom or template.may_change_rows,
    )  # fmt: skip


def _reproducing(dataset: Dataset, opened: OpenedModel) -> Reproduce:
    """The reconstruction in the file's answers, on the scale of the inputs."""
    low, scale = dataset.low_and_scale

    def reproduce(x: np.ndarray) -> np.ndarray:
        rows: Any = x
        if dataset.preprocessing:
            rows = opened.tensors(raw_frame(dataset.preprocessing, x))
        answer = opened.model.predict(rows, verbose=0)
        return np.asarray((answer[RECONSTRUCTION] - low) * scale)

    return reproduce


def _fed(dataset: Dataset, opened: OpenedModel) -> Dataset:
    """The dataset whose raw rows become the inputs of the file's network, which has the
    preprocessing in it."""
    if dataset.preprocessing is None:
        return dataset
    frame = partial(raw_frame, dataset.preprocessing)
    inputs: Any = _RawInputs(lambda x: opened.tensors(frame(x)))
    if dataset.windows:
        inputs = _RawInputs(partial(opened.stored_windows, dataset.preprocessing))
    return replace(dataset, preprocessing=inputs)


class _RawInputs:
    def __init__(self, tensors: Any) -> None:
        self._tensors = tensors

    def apply(self, x: np.ndarray) -> Any:
        return self._tensors(x)
