"""Networks that do not take the project's images, as a sentence with the way out."""

import re
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .image_sizes import Form, form_of_value

# The function of keras.applications that checks a shape; it knows the least size of a network.
_CHECK = "obtain_input_shape"
_CHANNELS = re.compile(r"must have (\d+) channels")
_MIN_SIZE = re.compile(r"Input size must be at least (\d+)\s*x\s*(\d+)")
_VANISHED = re.compile(r"output size would be (zero or )?negative|Negative dimension size", re.I)


def image_limit(error: Exception, facts: dict[str, Any]) -> str:
    """What a network of keras.applications, or the layers of another one, need of images; empty if
    the error has another reason."""
    shape = tuple(facts["input_shape"])
    if len(shape) != 3 or not isinstance(error, ValueError):
        return ""
    text = str(error)
    if _VANISHED.search(text):
        return (
            f"The images of {_by(shape)} pixels are too small for the template's layers: one of "
            f"them would output images without pixels. {_prepare('a larger image size')}"
        )
    least, channels = _MIN_SIZE.search(text), _CHANNELS.search(text)
    frame = next((f for f in _frames(error) if f.f_code.co_name == _CHECK), None)
    if not (least or channels) or frame is None or frame.f_back is None:
        return ""
    # One of the two is reported first, though both may be the matter.
    side = int(frame.f_locals.get("min_size") or 0)
    received = tuple(frame.f_locals.get("input_shape") or ())
    if received[:2] != shape[:2]:
        # The code asks for a shape of its own.
        return ""
    colour = shape[2] != 3 and (channels is not None or received[2:] == (3,))
    needed = f" of at least {side} × {side} pixels" if side else ""
    with_channels = " with 3 channels" if colour else ""
    ways = []
    if side > min(shape[:2]):
        ways.append(f"image size {side} or more")
    if colour:
        ways.append("RGB as its colours")
    name = frame.f_back.f_code.co_name
    return f"{name} needs images{needed}{with_channels}. {_prepare(' and '.join(ways))}"


def preparation_for(wanted: tuple[int | None, ...], shape: tuple[int, ...]) -> str:
    """How to prepare images of `shape` for a network that takes inputs of the shape `wanted`; empty
    where no preparation gives that shape."""
    if len(shape) != 3 or form_of_value(wanted) is not Form.SHAPE or None in wanted:
        return ""
    height, width, channels = wanted
    ways = []
    if (height, width) != shape[:2]:
        if height != width:
            return ""
        ways.append(f"image size {height}")
    if channels != shape[2]:
        if channels not in (1, 3):
            return ""
        ways.append("RGB as its colours" if channels == 3 else "grey as its colours")
    return _prepare(" and ".join(ways)) if ways else ""


def _prepare(how: str) -> str:
    return f"Prepare the dataset again with {how}."


def _by(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} × {shape[1]}"


def _frames(error: BaseException) -> Iterator[FrameType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next
