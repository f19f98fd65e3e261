"""What rows of a dataset hold: the values of a table's columns, or a picture."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from tuning.models import Dataset
from tuning.protocol.data_kinds import Display
from tuning.protocol.uploads import ColumnType
from tuning.storage.at_hand import at_hand
from tuning.texts import Texts

MAX_COLUMNS = 40
# Of a text in a table of rows.
MAX_TEXT = 600
_MISSING = "–"


def column_names(dataset: Dataset) -> list[str]:
    """Those of a table whose values are shown; none of other data."""
    if dataset.data.display != Display.CELLS:
        return []
    columns = dataset.profile.get("columns")
    names = [c["name"] for c in columns] if columns else dataset.profile.get("feature_names") or []
    return [str(name) for name in names[:MAX_COLUMNS]]


def cells_of(dataset: Dataset, rows: list[int]) -> list[list[str]]:
    """The values of these rows in `column_names`; nothing once the files are gone."""
    names = column_names(dataset)
    x = stored_inputs(dataset)
    if x is None or not names or x.ndim != 2:
        return [[] for _ in rows]
    values, texts = _categories(dataset), _texts(dataset)
    return [
        [
            _text(texts[place], value) if place in texts else _cell(value, values.get(place))
            for place, value in enumerate(x[row, : len(names)].tolist())
        ]
        if 0 <= row < len(x)
        else []
        for row in rows
    ]  # fmt: skip


def picture_of(dataset: Dataset, row: int) -> bytes | None:
    """A row of images as PNG, or None if it is none."""
    x = stored_inputs(dataset)
    if x is None or x.ndim != 4 or not 0 <= row < len(x) or x.shape[3] not in (1, 3):
        return None
    low = min(0.0, float(dataset.profile.get("min_value", 0)))
    high = float(dataset.profile.get("max_value", 255))
    scaled = (np.asarray(x[row], np.float64) - low) * (255 / ((high - low) or 1.0))
    return _png(scaled.round().clip(0, 255).astype(np.uint8))


def _png(pixels: np.ndarray) -> bytes:
    """`pixels`: uint8 (height, width, 1 or 3)."""
    # Few pages have pictures: the site does without it until then.
    from PIL import Image

    file = io.BytesIO()
    # Pillow wants grey pictures without their one channel.
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return file.getvalue()


def stored_inputs(dataset: Dataset) -> np.ndarray | None:
    """All rows, mapped; None once the files are gone."""
    if not dataset.folder:
        return None
    try:
        x: np.ndarray = np.load(_folder(dataset) / "x.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return x


def categories_of(dataset: Dataset) -> dict[str, list[str]]:
    """All values of each category column, by its name."""
    columns = dataset.profile.get("columns") or []
    return {columns[place]["name"]: values for place, values in _categories(dataset).items()
            if place < len(columns)}  # fmt: skip


def _categories(dataset: Dataset) -> dict[int, list[str]]:
    """The values that codes stand for, by the place of their column. The profile has only some."""
    if not dataset.profile.get("columns"):
        return {}
    try:
        columns = json.loads((_folder(dataset) / "meta.json").read_text("utf-8"))["columns"]
    except (OSError, ValueError, KeyError):
        return {}
    return {place: column["values"] for place, column in enumerate(columns) if column.get("values")}


def _texts(dataset: Dataset) -> dict[int, Texts]:
    """The stored texts, by the place of their column; none once the files are gone."""
    columns = dataset.profile.get("columns") or []
    places = [place for place, c in enumerate(columns) if c.get("type") == ColumnType.TEXT]
    try:
        return {place: Texts(_folder(dataset), place) for place in places}
    except (OSError, ValueError):
        return {}


def _folder(dataset: Dataset) -> Path:
    return at_hand(dataset.stored)


def _text(texts: Texts, number: float) -> str:
    if number != number:
        return _MISSING
    text = str(texts.take(np.array([number]))[0])
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _cell(value: Any, categories: list[str] | None) -> str:
    if value != value:
        return _MISSING
    if categories is None:
        return f"{value:.6g}"
    return categories[int(value)] if 0 <= int(value) < len(categories) else _MISSING
