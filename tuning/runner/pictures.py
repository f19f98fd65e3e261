"""The thumbnails of image data: a sheet with one column for each class."""

from pathlib import Path

import numpy as np
from PIL import Image

_ROWS = 3
_COLUMNS = 10
_PIXELS = 48
_GAP = 4


def draw_thumbnails(x: np.ndarray, y: np.ndarray, path: Path) -> dict[str, int]:
    """Write the sheet: the first images of each class below one another. Returns its layout.

    Images are enlarged by a whole number, each pixel a square, so that they stay crisp. The gaps
    between them are transparent: the page behind may be light or dark.
    """
    labels = np.unique(y)[:_COLUMNS]
    height, width = x.shape[1:3]
    times = max(1, round(_PIXELS / max(height, width)))
    size = (width * times, height * times)
    step = (size[0] + _GAP, size[1] + _GAP)
    sheet = Image.new("RGBA", (len(labels) * step[0] - _GAP, _ROWS * step[1] - _GAP))
    for column, label in enumerate(labels):
        for row, index in enumerate(np.flatnonzero(y == label)[:_ROWS]):
            image = _picture(x[index], float(x.max())).resize(size, Image.Resampling.NEAREST)
            sheet.paste(image, (column * step[0], row * step[1]))
    sheet.save(path, optimize=True)
    return {
        "columns": len(labels),
        "rows": _ROWS,
        "cell_width": size[0],
        "cell_height": size[1],
        "gap": _GAP,
    }


def _picture(pixels: np.ndarray, brightest: float) -> Image.Image:
    grey_or_colour = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    return Image.fromarray((grey_or_colour * (255 / brightest)).round().astype(np.uint8))
