"""Windows of rows as arrays (windows, steps, columns): of one series they share the memory of the
rows, of several they are copied when they are taken."""

import math
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class SeriesWindows:
    """Windows of several series. `steps`: the rows of all series, (rows, columns); `starts`: the
    first row of each window."""

    steps: np.ndarray
    starts: np.ndarray
    look_back: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return (len(self.starts), self.look_back, self.steps.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.steps.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, windows: Any) -> np.ndarray:
        """A copy of these windows."""
        rows = self.starts[windows][..., None] + np.arange(self.look_back)
        return np.asarray(self.steps[rows])

    def rows_in(self, windows: np.ndarray) -> np.ndarray:
        """The rows of these windows, each once."""
        inside: np.ndarray = np.zeros(len(self.steps) + 1, np.int64)
        np.add.at(inside, self.starts[windows], 1)
        np.add.at(inside, self.starts[windows] + self.look_back, -1)
        return np.asarray(self.steps[np.cumsum(inside[:-1]) > 0])
