"""What the file of an autoencoder answers: raw rows in, and two outputs.

- `reconstruction`: the rows as the network reproduces them, in the units of the rows: an image's
  pixels from 0 to 255 if that is what they were, a column's values. A category has an output for
  each value that the network knows, between 0 and 1; `description.json` lists what each output is
  (`reconstruction`, pairs of a column and a value).
- `error`: of each row, the mean squared difference on the scale from 0 to 1 on which the network
  was trained. Tuneroom shows the same number.
"""

from typing import Any

import keras
import numpy as np

from tuning.protocol.description import ERROR, RECONSTRUCTION


def answers(network: Any, inputs: Any, low: np.ndarray, scale: np.ndarray) -> dict[str, Any]:
    """The outputs of a model in which `network` gets `inputs`, (value - low) * scale."""
    # Keras adds or drops a last axis of 1 by itself when it compares; here the shapes are the same.
    outputs = keras.ops.cast(network(inputs), "float32")
    reproduced = keras.ops.reshape(outputs, (-1, *inputs.shape[1:]))
    axes = tuple(range(1, len(inputs.shape)))
    error = keras.ops.mean(keras.ops.square(reproduced - inputs), axis=axes)
    raw = keras.ops.add(keras.ops.divide(reproduced, scale), low)
    return {RECONSTRUCTION: raw, ERROR: error}
