"""Epochs that are one call of a graph each, instead of one call for every batch.

Keras makes an iterator of `tf.data` for every epoch and calls a graph for every batch: on models
that a processor trains in milliseconds a step, that takes longer than the training. Here the loop
over batches is part of the graph, and the rows are tensors that it takes its batches from. Rows,
order and steps are Keras's own, so that results are the same, bit by bit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import tree
from keras.src.backend.tensorflow import trainer
from keras.src.backend.tensorflow.trainer import TFEpochIterator
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
from keras.src.trainers.data_adapters.array_slicing import convert_to_sliceable
from tensorflow.python.eager import context

from .kernels import kernels
from .variables import build_optimizer


class WholeEpoch(TFEpochIterator):
    """What `fit` and `evaluate` go through once an epoch: one item, which holds all batches."""

    def __init__(self, adapter: ArrayDataAdapter) -> None:
        # Not `super()`: that would make the pipeline that this replaces.
        self.data_adapter = adapter
        arrays = convert_to_sliceable(adapter._inputs, target_backend="tensorflow")
        # Anew in each `fit`: code of a template may have changed the arrays. It costs what copying
        # their memory costs, and nothing where they are mapped (`SharedRows`).
        self.tensors = tree.map_structure(tf.convert_to_tensor, tree.lists_to_tuples(arrays))
        self.batch_size: int = adapter.batch_size
        self.has_remainder = bool(adapter.has_partial_batch)
        self.steps_per_epoch = None
        self.steps_per_execution = adapter.num_batches
        self._num_batches = adapter.num_batches
        self.order = _order(adapter._num_samples, adapter._shuffle)

    def __iter__(self) -> Iterator[tuple[int, int, "WholeEpoch"]]:  # type: ignore[override]
        yield 0, self._num_batches - 1, self

    def reset(self) -> None:
        """There is no state: each epoch is the same rows in the same order."""


class EpochFunction:
    """Takes the place of a model's `train_function` or `test_function`. `before`: called before a
    graph is traced."""

    def __init__(
        self, model: keras.Model, step: Any, before: Callable[[keras.Model], Any] | None = None
    ) -> None:
        self._model = model
        self._step = step
        self._before = before
        # Keras's own, should a person pass other data to the same model.
        self._of_keras: Any = None
        self._graphs: dict[Any, Any] = {}

    def __call__(self, data: Any) -> Any:
        if isinstance(data, WholeEpoch):
            rows = tree.flatten(data.tensors)
            return self._graph(data)(data.order, tf.constant(data.batch_size, tf.int64), *rows)
        if self._of_keras is None:
            self._of_keras = self._model._make_function(self._step)
        return self._of_keras(data)

    def _graph(self, data: WholeEpoch) -> Any:
        """One for as many rows and batches as may be: Keras, too, traces again for other shapes of
        batches only. Those have no fixed length where the last one is shorter."""
        length = None if data.has_remainder else data.batch_size
        specs = [tf.TensorSpec([None, *one.shape[1:]], one.dtype) for one in
                 tree.flatten(data.tensors)]  # fmt: skip
        key = (length, *specs)
        if key not in self._graphs:
            structure = tree.map_structure(lambda _: None, data.tensors)

            @tf.autograph.experimental.do_not_convert
            def epoch(order: tf.Tensor, batch_size: tf.Tensor, *rows: tf.Tensor) -> Any:
                tensors = tree.pack_sequence_as(structure, rows)
                return self._all_steps(tensors, order, batch_size, length)

            if self._before:
                self._before(self._model)
            counts = tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)
            self._graphs[key] = tf.function(epoch).get_concrete_function(*counts, *specs)
        return self._graphs[key]

    def _all_steps(
        self, tensors: Any, order: tf.Tensor, batch_size: tf.Tensor, length: int | None
    ) -> Any:
        def one(begin: tf.Tensor) -> tf.Tensor:
            chosen = order[begin : begin + batch_size]
            chosen.set_shape([length])
            self._step(tree.map_structure(lambda rows: tf.gather(rows, chosen), tensors))
            return begin + batch_size

        rows = tf.size(order, tf.int64)
        begin = tf.constant(0, tf.int64)
        tf.while_loop(lambda begin: begin < rows, one, [begin], parallel_iterations=1)
        return self._model.get_metrics_result()


def is_within() -> bool:
    """Whether a `fit` or `evaluate` is under way, which calls the other."""
    return trainer.TFEpochIterator is not TFEpochIterator


@contextmanager
def whole_epochs(model: keras.Model) -> Iterator[None]:
    """Within, `fit` trains the model, and `evaluate` tests it, an epoch at a time. The variables of
    its layers and metrics exist already, and its optimizer's can be made."""

    def chosen(x: Any = None, y: Any = None, **kwargs: Any) -> Any:
        return _whole(x, y, **kwargs) or TFEpochIterator(x=x, y=y, **kwargs)

    if not isinstance(model.train_function, EpochFunction):
        # Callbacks may have let further layers learn by then.
        model.train_function = EpochFunction(model, model.train_step, before=build_optimizer)
    if not isinstance(model.test_function, EpochFunction):
        model.test_function = EpochFunction(model, model.test_step)
    trainer.TFEpochIterator = chosen
    try:
        yield
    finally:
        trainer.TFEpochIterator = TFEpochIterator


def _whole(
    x: Any, y: Any, sample_weight: Any = None, batch_size: int | None = None,
    steps_per_epoch: int | None = None, shuffle: Any = False, class_weight: Any = None,
    **_: Any,
) -> WholeEpoch | None:  # fmt: skip
    given = [x, y] if sample_weight is None else [x, y, sample_weight]
    plain = all(isinstance(part, np.ndarray) and part.dtype.kind in "iufb" for part in given)
    if not plain or not len(x) or steps_per_epoch or not isinstance(shuffle, bool):
        return None
    if shuffle and context.global_seed() is None:
        # Keras draws another order in each epoch then.
        return None
    adapter = ArrayDataAdapter(
        x, y, sample_weight=sample_weight, batch_size=batch_size, shuffle=shuffle,
        class_weight=class_weight,
    )  # fmt: skip
    return WholeEpoch(adapter)


def _order(rows: int, shuffle: bool) -> tf.Tensor:
    """In which rows come in each epoch. A graph of its own draws with the seed that holds now and
    from its beginning, whatever was drawn before, as Keras's pipeline does in each epoch again."""
    if not shuffle:
        return tf.range(rows, dtype=tf.int64)

    @tf.autograph.experimental.do_not_convert
    def draw() -> tf.Tensor:
        return tf.random.shuffle(tf.range(rows, dtype=tf.int64))

    with kernels.apart():
        return tf.function(draw).get_concrete_function()()
