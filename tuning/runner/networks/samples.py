"""Building models of random values without training them: how large they get, which cannot be."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import keras_tuner as kt
from keras.src.backend.common import global_state
from keras.src.backend.common.variables import Variable as KerasVariable

from tuning.protocol.events import Samples
from tuning.runner.failures import failure_of
from tuning.runner.template.code import Template

MAX_SAMPLES = 20
# A person waits for the inspection, and large networks take seconds each.
SECONDS = 4.0


def sample_models(oracle: kt.Oracle, size: Callable[[kt.HyperParameters], int]) -> Samples:
    """Build up to `MAX_SAMPLES` models of the oracle's space, as many as there is time for. `size`
    builds one and returns how many weights it has.

    Hyperparameters that only some values bring up (`if hp.Choice(...) == "forest":` without a
    conditional scope) join the oracle's space, as they would in KerasTuner during a search."""
    sizes: list[int] = []
    first_failure = ""
    tried = 0
    end = time.monotonic() + SECONDS
    while tried < MAX_SAMPLES and time.monotonic() < end:
        hp = oracle.get_space()
        hp.values = dict(oracle._random_values() or {})
        tried += 1
        try:
            sizes.append(size(hp))
            oracle.update_space(hp)
        except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
            first_failure = first_failure or failure_of(error).message
    keras.backend.clear_session()
    return Samples(
        wanted=MAX_SAMPLES,
        tried=tried,
        failed=tried - len(sizes),
        smallest=min(sizes, default=0),
        median=int(statistics.median_low(sizes)) if sizes else 0,
        largest=max(sizes, default=0),
        first_failure=first_failure,
    )


def network_size(template: Template, hp: kt.HyperParameters, input_shape: tuple[int, ...]) -> int:
    """Build a network; how many weights it has."""
    # Collecting garbage takes longer than building, and models without weights take little memory.
    keras.backend.clear_session(free_memory=False)
    try:
        # Its weights get a shape and no memory: the largest of a space may not fit into any.
        with _weightless():
            return _count(template.build(hp), input_shape)
    except Exception:  # noqa: BLE001  some networks need real weights: they are built as usual
        keras.backend.clear_session()
        return _count(template.build(hp), input_shape)


@contextmanager
def _weightless() -> Iterator[None]:
    """Variables made in here are not filled: Keras defers that to the end of a stateless scope,
    where we forget them instead. It refuses those that begin with a value (an optimizer's count of
    steps), so that they are made outside of the scope."""
    scope = keras.StatelessScope(initialize_variables=False)
    make = KerasVariable.__init__

    def make_small(self: Any, initializer: Any, *args: Any, **kwargs: Any) -> None:
        if callable(initializer) or isinstance(initializer, str):
            make(self, initializer, *args, **kwargs)
            return
        global_state.set_global_attribute("stateless_scope", None)
        try:
            make(self, initializer, *args, **kwargs)
        finally:
            global_state.set_global_attribute("stateless_scope", scope)

    KerasVariable.__init__ = make_small
    try:
        with scope:
            yield
    finally:
        KerasVariable.__init__ = make


def _count(keras_model: Any, input_shape: tuple[int, ...]) -> int:
    if not keras_model.built:
        keras_model.build((None, *input_shape))
    return int(keras_model.count_params())
