"""Arrays of the shape (rows, steps, features): sequences of measurements, or grey images?"""

import numpy as np

# No picture of anything is narrower.
_MIN_SIDE = 8


def are_sequences(x: np.ndarray) -> bool:
    """Whether rows (height, width), which nobody called images, are rather sequences: too narrow
    for a picture, or oblong with values that no pixels have."""
    height, width = x.shape[1:3]
    if x.dtype == np.uint8:
        return False
    if min(height, width) < _MIN_SIDE:
        return True
    return height != width and bool(x.min() < 0 or x.max() > 255)
