"""Evaluating a saved model on the project's test rows, by its file alone."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tuning.protocol.evaluation import CHANGES_ROWS, Evaluation
from tuning.protocol.events import Evaluated, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import EvaluateOrder
from tuning.runner.channel import Channel
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.inputs.frames import raw_frame
from tuning.runner.saved.opened import OpenedModel
from tuning.runner.template.code import Template

from .evaluate import evaluate_estimator, evaluate_network


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
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    custom = custom or template.fits_by_itself
    if custom and not metrics and dataset.has_rows("test"):
        return Evaluation(problem=CHANGES_ROWS)
    return evaluate_network(
        opened.model, _fed(dataset, opened), template, order.project, order.batch_size, metrics,
        channel, custom_fit=custom,
    )  # fmt: skip


def _fed(dataset: Dataset, opened: OpenedModel) -> Dataset:
    """The dataset whose raw rows become the inputs of the file's network, which has the
    preprocessing in it."""
    if dataset.preprocessing is None:
        return dataset
    frame = partial(raw_frame, dataset.preprocessing)
    inputs: Any = _RawInputs(lambda x: opened.tensors(frame(x)))
    return replace(dataset, preprocessing=inputs)


class _RawInputs:
    def __init__(self, tensors: Any) -> None:
        self._tensors = tensors

    def apply(self, x: np.ndarray) -> Any:
        return self._tensors(x)
