"""Rows that all runners of a machine share: a mapped file that TensorFlow uses as it is.

A runner maps that file copy-on-write: what a template writes into its rows stays in its own
memory, the file is read-only. Keras would copy all rows into a tensor; `SharedRows`
(`tuning/runner/inputs/shared.py`) hands TensorFlow the mapped memory itself, which it takes at
addresses that are multiples of 64 (the training rows always; validation and test rows if the size
of a row allows). Two runners on 98 MB of images had 16 MB each of their own beyond the mapped
rows, and half of those each (PSS); before, 69 MB of rows and 105 MB of tensors each
(`tests/runner/test_shared_rows.py`). Inputs made from raw tables are each runner's own.
"""

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
