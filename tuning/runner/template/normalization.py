"""Keras's Normalization, when a template adapts it to columns that never change.

Keras divides by their standard deviation of 0, or rather by 1e-7, so that another value in a later
row becomes millions. Here they keep their scale, as in scikit-learn's StandardScaler.
"""

from functools import wraps
from typing import Any

import keras

# A standard deviation, in relation to the mean, that float32 can hardly tell from 0.
_RELATIVE_DEVIATION = 1e-6


def keep_constants_in_scale() -> None:
    """Change `Normalization.adapt` in this process. What it learns lies in the model's file, so
    that a downloaded model does the same."""
    original = keras.layers.Normalization.adapt
    if getattr(original, "keeps_constants", False):
        return

    @wraps(original)
    def adapt(self: Any, data: Any) -> None:
        original(self, data)
        if self.input_mean is None and not self.invert:
            variance, mean = self.adapt_variance, self.adapt_mean
            constant = variance <= keras.ops.square(_RELATIVE_DEVIATION * mean)
            variance.assign(keras.ops.where(constant, 1.0, variance))
            self.finalize_state()

    adapt.keeps_constants = True  # type: ignore[attr-defined]
    keras.layers.Normalization.adapt = adapt
