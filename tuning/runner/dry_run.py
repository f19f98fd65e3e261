"""The dry run: models of random values are built as trials would build them, and a few steps are
timed, so that what is too large or too slow is known before a search begins."""

import math
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import keras_tuner as kt
import numpy as np

from tuning.protocol.events import DryRunEnd, ModelTried, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import DryRunOrder

from .channel import Channel
from .estimators.building import in_threads, ready, rows_for
from .estimators.columns import explained_columns
from .estimators.inspection import few_rows
from .estimators.texts import explained_texts
from .failures import failure_of
from .inputs.data import Dataset, load_dataset
from .inputs.frames import frame_rows
from .inspection import InspectedTemplate
from .networks.building import refuse_no_model
from .spaces import with_values

# The first step traces the graph; the others are timed.
STEPS = 4
SECONDS = 300.0
MAX_FAILURE = 300
# Draws for each configuration: of a small space most are known.
REDRAWS = 10


def dry_run(order: DryRunOrder, channel: Channel) -> None:
    """Tell of each model as soon as it was tried: a model that needs too much memory ends this
    process, and then the others are known."""
    dataset = load_dataset(order.project)
    template = InspectedTemplate(
        order.project.code, dataset.facts, order.project.constants, dataset.rows,
        partial(frame_rows, dataset),
    )  # fmt: skip
    oracle = kt.oracles.RandomSearchOracle(
        objective=kt.Objective("val_loss", "min"), hyperparameters=with_values(order.space, {}),
        seed=1,
    )  # fmt: skip
    kind = Estimators if order.kind == ModelKind.SKLEARN else Networks
    trying = kind(template, dataset, order)
    end = time.monotonic() + SECONDS
    for number, values in enumerate(_different(oracle, order.models)):
        if time.monotonic() > end:
            break
        channel.send(Progress(f"Model {number + 1} of {order.models}", number / order.models))
        channel.send(_tried(trying, with_values(order.space, values)))
        template.start_anew()
    channel.send(DryRunEnd(trying.rows))


def _different(oracle: kt.Oracle, count: int) -> Iterator[dict[str, Any]]:
    """Random configurations, each once; fewer of a small space."""
    seen: set[str] = set()
    for _ in range(REDRAWS * count):
        values = dict(oracle._random_values() or {})
        key = repr(sorted(values.items()))
        if key not in seen:
            seen.add(key)
            yield values
        if len(seen) == count:
            return


def _tried(trying: "Networks | Estimators", hp: kt.HyperParameters) -> ModelTried:
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    try:
        return trying.model(hp)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
        return ModelTried(failure=failure_of(error).message[:MAX_FAILURE] or type(error).__name__)


class Networks:
    """A few steps on the first rows; an epoch has as many steps as all training rows make."""

    rows = 0

    def __init__(self, template: InspectedTemplate, dataset: Dataset, order: DryRunOrder) -> None:
        self._template, self._batch_size = template, order.batch_size
        self._arrays = dataset.rows("train", most=STEPS * order.batch_size)
        self._validation = dataset.rows("validation", most=1)
        rows = fold_size(dataset, order) if order.folds else dataset.count("train")
        self._steps = math.ceil(rows / order.batch_size)
        # Of few rows an epoch has fewer steps.
        self._epochs = math.ceil(STEPS / math.ceil(len(self._arrays[1]) / order.batch_size))

    def model(self, hp: kt.HyperParameters) -> ModelTried:
        began = time.monotonic()
        model = self._template.build(hp)
        refuse_no_model(self._template, model)
        timer = StepTimer()
        self._template.fit(
            hp, model, *self._arrays,
            validation_data=self._validation if len(self._validation[1]) else None,
            epochs=self._epochs, batch_size=self._batch_size, callbacks=[timer], verbose=0,
            **self._template.training.on_a_few_rows(),
        )  # fmt: skip
        taken = time.monotonic() - began
        # A training loop of the template's own may call no callback.
        timed = timer.seconds[1:] or [taken / STEPS]
        step = float(np.median(timed))
        variables = [*model.variables, *(model.optimizer.variables if model.optimizer else [])]
        unique = {id(variable): variable for variable in variables}.values()
        return ModelTried(
            int(model.count_params()), sum(map(_bytes, unique)),
            step * self._steps, max(0.0, taken - step * STEPS),
        )  # fmt: skip


class Estimators:
    """A fit on as many rows as a fold trains on, or on some of each class where these are many:
    then the time is taken to grow with the rows."""

    def __init__(self, template: InspectedTemplate, dataset: Dataset, order: DryRunOrder) -> None:
        self._template, self._dataset = template, dataset
        self._prepared = dataset.for_estimators()
        self._fold = fold_size(dataset, order)
        self.rows = 0

    def model(self, hp: kt.HyperParameters) -> ModelTried:
        began = time.monotonic()
        facts = self._dataset.facts
        estimator = ready(self._template.build(hp), facts, self._template.builder_name)
        x, y = few_rows(*rows_for(estimator, self._prepared, "train"), facts["task"])
        if len(y) < self._fold:
            self.rows = len(y)
        fitting = time.monotonic()
        with in_threads(), explained_columns(facts), explained_texts(self._dataset):
            estimator.fit(x, y)
        seconds = time.monotonic() - fitting
        return ModelTried(seconds=seconds * self._fold / len(y), setup=fitting - began)


def fold_size(dataset: Dataset, order: DryRunOrder) -> int:
    """How many rows a fold trains on."""
    return dataset.count("train", "validation") * (order.folds - 1) // order.folds


class StepTimer(keras.callbacks.Callback):
    """Seconds of each training step."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.seconds.append(time.monotonic() - self._began)


def _bytes(variable: Any) -> int:
    return int(np.prod(variable.shape)) * np.dtype(variable.dtype).itemsize
