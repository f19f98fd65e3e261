"""The thumbnails of image data: a sheet with one column for each class."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_ROWS = 3
_COLUMNS = 10
_PIXELS = 48


def draw_thumbnails(x: np.ndarray, y: np.ndarray, path: Path) -> dict[str, Any]:
    """Write the sheet: the first images of each class below one another. Returns its layout.

    Images are enlarged by a whole number, each pixel a square, so that they stay crisp.
    """
    labels = np.unique(y)[:_COLUMNS]
    height, width = x.shape[1:3]
    times = max(1, round(_PIXELS / max(height, width)))
    pixels = _as_bytes(x)
    sheet = np.zeros((_ROWS * height, len(labels) * width, pixels.shape[3]), dtype=np.uint8)
    for column, label in enumerate(labels):
        for row, index in enumerate(np.flatnonzero(y == label)[:_ROWS]):
            place = np.s_[row * height : (row + 1) * height, column * width : (column + 1) * width]
            sheet[place] = pixels[index]
    image = Image.fromarray(sheet.squeeze(axis=2) if sheet.shape[2] == 1 else sheet)
    size = (image.width * times, image.height * times)
    image.resize(size, Image.Resampling.NEAREST).save(path, optimize=True)
    return {
        "columns": len(labels),
        "rows": _ROWS,
        "cell_width": width * times,
        "cell_height": height * times,
    }


def _as_bytes(x: np.ndarray) -> np.ndarray:
    if x.dtype == np.uint8:
        return x
    return (x * (255 / x.max())).astype(np.uint8)
