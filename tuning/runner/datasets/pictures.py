"""The thumbnails of image data: a sheet with one column for each class."""

from pathlib import Path

import numpy as np
from PIL import Image

_ROWS = 3
_COLUMNS = 10
_PIXELS = 48
_MAX_PIXELS = 96
_GAP = 4


def draw_thumbnails(x: np.ndarray, y: np.ndarray, path: Path) -> dict[str, int]:
    """Write the sheet: the first images of each class or label below one another (of measured
    targets just the first ones). Returns its layout.

    Small images are enlarged by a whole number, each pixel a square, so that they stay crisp. The
    gaps between them are transparent: the page behind may be light or dark.
    """
    columns = _columns(y)
    size, how = _cell(*x.shape[1:3])
    step = (size[0] + _GAP, size[1] + _GAP)
    sheet = Image.new("RGBA", (len(columns) * step[0] - _GAP, _ROWS * step[1] - _GAP))
    darkest, brightest = min(0.0, float(x.min())), float(x.max())
    for column, indices in enumerate(columns):
        for row, index in enumerate(indices):
            image = _picture(x[index], darkest, brightest).resize(size, how)
            sheet.paste(image, (column * step[0], row * step[1]))
    sheet.save(path, optimize=True)
    return {
        "columns": len(columns),
        "rows": _ROWS,
        "cell_width": size[0],
        "cell_height": size[1],
        "gap": _GAP,
    }


def _columns(y: np.ndarray) -> list[np.ndarray]:
    """The rows to show, column by column."""
    if y.ndim > 1 and np.isin(y, (0, 1)).all():
        return [np.flatnonzero(label)[:_ROWS] for label in y.T[:_COLUMNS]]
    if y.dtype.kind == "f":
        return [np.arange(len(y))[column::_COLUMNS][:_ROWS] for column in range(_COLUMNS)]
    return [np.flatnonzero(y == label)[:_ROWS] for label in np.unique(y)[:_COLUMNS]]


def _cell(height: int, width: int) -> tuple[tuple[int, int], Image.Resampling]:
    """Width and height of a thumbnail, and how images are brought to that size."""
    longest = max(height, width)
    if longest > _MAX_PIXELS:
        share = _MAX_PIXELS / longest
        size = (max(1, round(width * share)), max(1, round(height * share)))
        return size, Image.Resampling.BILINEAR
    times = max(1, round(_PIXELS / longest))
    return (width * times, height * times), Image.Resampling.NEAREST


def _picture(pixels: np.ndarray, darkest: float, brightest: float) -> Image.Image:
    grey_or_colour = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    scale = 255 / ((brightest - darkest) or 1.0)
    return Image.fromarray(((grey_or_colour - darkest) * scale).round().astype(np.uint8))
