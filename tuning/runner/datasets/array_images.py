"""Images in arrays brought to another size and other colours, as those of an archive are."""

import inspect
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tuning.protocol.uploads import COLOUR, GREY, Upload
from tuning.runner.failures import BadData


@dataclass(frozen=True)
class Change:
    """How the rows of the inputs become those that are prepared: from one shape to another one,
    both (height, width, channels). `channels_first`: as they are stored, (channels, height,
    width)."""

    before: tuple[int, int, int]
    after: tuple[int, int, int]
    channels_first: bool = False

    @property
    def scales(self) -> bool:
        return self.before[:2] != self.after[:2]

    @property
    def is_none(self) -> bool:
        return self.before == self.after

    def arranged(self, rows: np.ndarray) -> np.ndarray:
        """Rows as they are stored in the shape `before`."""
        if self.channels_first:
            return np.moveaxis(rows, 1, -1)
        return rows.reshape(-1, *self.before)

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Rows of the shape `before` in that of `after`, of the same type."""
        if self.is_none:
            return rows
        return np.stack([changed_image(row, *self.after) for row in rows])

    def notes(self, rows: int) -> list[str]:
        notes = []
        if self.channels_first:
            notes.append(
                "The channels were moved from the first to the last dimension, as in Keras."
            )
        if self.scales:
            notes.append(
                f"{rows:,} of {rows:,} images were scaled to {self.after[0]} × {self.after[1]} "
                "pixels, whatever their proportions."
            )
        if self.before[2] != self.after[2]:
            colours = "grey" if self.after[2] == 1 else "RGB"
            notes.append(f"{rows:,} images were converted to {colours}.")
        return notes

    def lines(self) -> list[str]:
        """Python lines that do it to `x`."""
        if self.is_none:
            return []
        size = ", ".join(str(size) for size in self.after)
        code = inspect.getsource(changed_image).splitlines()
        return ["", "", *code, "", "", f"x = np.stack([changed_image(row, {size}) for row in x])"]


def change_of(shape: tuple[int, int, int], upload: Upload, channels_first: bool = False) -> Change:
    """What the upload's size and colours do to images of this shape: (height, width, channels),
    however they are stored. Raises BadData."""
    height, width, channels = shape
    if channels == 4 and not upload.colours:
        raise BadData(
            "The images have 4 channels. If they are RGB with transparency, choose RGB or grey as "
            "their colours."
        )
    wanted = {GREY: 1, COLOUR: 3}.get(upload.colours, channels)
    side = upload.side
    return Change(shape, (side or height, side or width, wanted), channels_first)


def changed_image(image: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    """An image of shape (height, width, channels) in another size and other colours."""
    size, how = (width, height), Image.Resampling.BILINEAR
    if image.dtype == np.uint8:
        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        picture = picture.convert("L" if channels == 1 else "RGB")
        return np.asarray(picture.resize(size, how)).reshape(height, width, channels)
    planes = [image[..., channel] for channel in range(min(image.shape[2], 3))]
    if channels == 1 and len(planes) == 3:
        planes = [0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]]
    pictures = [Image.fromarray(np.ascontiguousarray(plane)).resize(size, how) for plane in planes]
    pictures *= channels // len(pictures)
    return np.stack([np.asarray(picture) for picture in pictures], axis=-1)
