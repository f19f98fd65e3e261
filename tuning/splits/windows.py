"""Windows of a time series divided by time: the oldest for training, the newest for test.

Between two parts a window's length is left out, so no row that a window of one part sees or
predicts is in a window of another part.
"""

import json
from pathlib import Path

import numpy as np

from tuning.protocol.orders import Split
from tuning.protocol.windows import Windows


def stored_windows(folder: Path) -> Windows | None:
    """Those of a prepared dataset. Raises OSError, ValueError."""
    return Windows.of(json.loads((folder / "meta.json").read_text("utf-8")))


def rows_of_parts(windows: Windows, split: Split) -> list[np.ndarray]:
    """The windows of each part, in the order of time. Raises TooFewWindows."""
    return [np.arange(part.start, part.stop) for part in window_parts(windows, split)]


def window_parts(windows: Windows, split: Split) -> list[range]:
    return windows.parts(split.train, split.validation, split.test)
