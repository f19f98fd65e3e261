"""Keras's Normalization, when a template adapts it to columns that never or hardly ever change.

Keras divides by their standard deviation, which is 0 (or rather 1e-7) for a constant column and
tiny for one that differs in a few rows: a usual value of a later row becomes hundreds or millions.
Here constant columns keep their scale, as in scikit-learn's StandardScaler, and no training row
comes out larger than 1 / sqrt(`MIN_SHARE`), as with the inputs of tables.
"""

from functools import wraps
from typing import Any

import keras
import numpy as np

from tuning.runner.inputs.preprocessing import MIN_SHARE

# A standard deviation, in relation to the mean, that float32 can hardly tell from 0.
_RELATIVE_DEVIATION = 1e-6


def keep_rare_values_in_scale() -> None:
    """Change `Normalization.adapt` in this process. What it learns lies in the model's file, so
    that a downloaded model does the same."""
    original = keras.layers.Normalization.adapt
    if getattr(original, "keeps_scale", False):
        return

    @wraps(original)
    def adapt(self: Any, data: Any) -> None:
        original(self, data)
        if self.input_mean is None and not self.invert:
            variance, mean = self.adapt_variance, self.adapt_mean
            constant = variance <= keras.ops.square(_RELATIVE_DEVIATION * mean)
            least = MIN_SHARE * keras.ops.square(_farthest(self, data))
            kept = keras.ops.where(constant, 1.0, keras.ops.maximum(variance, least))
            variance.assign(kept)
            self.finalize_state()

    adapt.keeps_scale = True  # type: ignore[attr-defined]
    keras.layers.Normalization.adapt = adapt


def _farthest(layer: Any, data: Any) -> Any:
    """How far the data lie from the mean at most, in each column; 0 for data that are read piece
    by piece."""
    mean = layer.adapt_mean
    if keras.ops.is_tensor(data):
        data = keras.ops.convert_to_numpy(data)
    if not isinstance(data, np.ndarray) or not data.size:
        return keras.ops.zeros_like(mean)
    kept = {axis % data.ndim for axis in layer.axis or ()}
    others = tuple(axis for axis in range(data.ndim) if axis not in kept)
    low, high = (np.asarray(reduce(data, axis=others)) for reduce in (np.min, np.max))
    mean = np.asarray(mean).reshape(low.shape)
    farthest = np.maximum(high - mean, mean - low)
    return farthest.reshape(layer.adapt_mean.shape).astype(np.float32)
