"""Windows of rows as arrays (windows, steps, columns) that share the memory of the rows."""

import numpy as np
from numpy.lib.stride_tricks import as_strided


def cut(steps: np.ndarray, look_back: int, stride: int, count: int) -> np.ndarray:
    """`count` windows of the rows `steps`, (rows, columns): a read-only view."""
    assert not count or (count - 1) * stride + look_back <= len(steps)
    down, across = steps.strides
    shape = (count, look_back, steps.shape[1])
    return as_strided(steps, shape, (stride * down, down, across), writeable=False)


def steps_of(x: np.ndarray) -> tuple[np.ndarray, int]:
    """The rows of which `x`, (windows, steps, columns), consists, each once if windows overlap in
    memory, and after how many of them the next window begins."""
    count, look_back, columns = x.shape
    between, down, across = x.strides
    stride = between // down if down else look_back
    overlap = count > 1 and 0 < stride < look_back and between == stride * down
    if not overlap:
        return x.reshape(count * look_back, columns), look_back
    rows = (count - 1) * stride + look_back
    return as_strided(x, (rows, columns), (down, across), writeable=False), stride
