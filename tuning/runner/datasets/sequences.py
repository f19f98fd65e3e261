"""Arrays of the shape (rows, steps, features): sequences of measurements, or grey images?"""

from collections.abc import Sequence

import numpy as np

# No picture of anything is narrower.
_MIN_SIDE = 8


def are_sequences(parts: Sequence[np.ndarray]) -> bool:
    """Whether rows (height, width), which nobody called images, are rather sequences: too narrow
    for a picture, or oblong with values that no pixels have. `parts`: arrays of such rows."""
    height, width = parts[0].shape[1:]
    if all(part.dtype in (np.uint8, np.bool_) for part in parts):
        return False
    if min(height, width) < _MIN_SIDE:
        return True
    values = [part for part in parts if part.size]
    return height != width and any(part.min() < 0 or part.max() > 255 for part in values)
