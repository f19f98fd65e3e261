"""Rows that all runners of a machine share: a mapped file that TensorFlow uses as it is."""

from typing import Any

import numpy as np

# TensorFlow takes over memory of this alignment only, and ends the process at any other.
_ALIGNMENT = 64
_LARGE = 1 << 20


class SharedRows(np.ndarray):
    """An array like any other, but turned into a tensor without a copy where that can be: Keras's
    `fit` would make a private copy of all rows first."""

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        import tensorflow as tf

        plain: np.ndarray = self.view(np.ndarray)
        usable = (
            plain.nbytes >= _LARGE
            and plain.flags.c_contiguous
            and plain.flags.writeable
            and plain.ctypes.data % _ALIGNMENT == 0
            and plain.dtype.kind in "iuf"
            and dtype in (None, tf.as_dtype(plain.dtype))
        )
        if usable:
            return tf.experimental.dlpack.from_dlpack(plain.__dlpack__())
        return tf.convert_to_tensor(plain, dtype, name=name)
