"""Events as bytes of an event file."""

from collections.abc import Mapping
from typing import Any

from .messages import (
    DT_FLOAT,
    EXPERIMENT_TAG,
    HPARAMS,
    SCALAR,
    SCALARS,
    SESSION_END_TAG,
    SESSION_START_TAG,
    Event,
    HParamsPluginData,
)
from .records import framed


def header(wall_time: float) -> bytes:
    """How every event file begins."""
    return framed(Event(wall_time=wall_time, file_version="brain.Event:2").SerializeToString())


def scalars(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    """One event with a scalar for each tag. TensorBoard reads floats of four bytes only; the exact
    number is next to, where it passes over it and an import of ours finds it."""
    event = Event(wall_time=wall_time, step=step)
    for tag, number in values.items():
        value = event.summary.value.add(tag=tag)
        value.metadata.plugin_data.plugin_name = SCALARS
        value.metadata.data_class = SCALAR
        value.tensor.dtype = DT_FLOAT
        value.tensor.tensor_shape.SetInParent()
        value.tensor.float_val.append(number)
        value.tensor.double_val.append(number)
    return framed(event.SerializeToString())


def experiment(wall_time: float, message: Any) -> bytes:
    return _hparams(wall_time, EXPERIMENT_TAG, experiment=message)


def session_start(wall_time: float, message: Any) -> bytes:
    return _hparams(wall_time, SESSION_START_TAG, session_start_info=message)


def session_end(wall_time: float, message: Any) -> bytes:
    return _hparams(wall_time, SESSION_END_TAG, session_end_info=message)


def _hparams(wall_time: float, tag: str, **part: Any) -> bytes:
    event = Event(wall_time=wall_time)
    value = event.summary.value.add(tag=tag)
    value.metadata.plugin_data.plugin_name = HPARAMS
    value.metadata.plugin_data.content = HParamsPluginData(**part).SerializeToString()
    # A tensor without values: what counts is in the metadata.
    value.tensor.dtype = DT_FLOAT
    value.tensor.tensor_shape.dim.add(size=0)
    return framed(event.SerializeToString())
