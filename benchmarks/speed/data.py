"""The rows of the workloads: what scikit-learn brings along, divided as Tuneroom divides it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.orders import Split
from tuning.splits import split_rows

Rows = tuple[Any, Any]
CROPS = 5000
STRIPS = 5


def digits() -> Rows:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images[..., None].astype("float32"), bunch.target


def flat_digits() -> Rows:
    x, y = digits()
    return x.reshape(len(x), -1), y


def large_digits() -> Rows:
    """Digits of 28 x 28 pixels between 0 and 1: those of 8 x 8, repeated and with a margin."""
    x, y = digits()
    larger = x.repeat(3, axis=1).repeat(3, axis=2) / 16
    return np.pad(larger, ((0, 0), (2, 2), (2, 2), (0, 0))), y


def crops() -> Rows:
    """Squares of 32 x 32 pixels out of two photographs; the class is one of ten strips of those."""
    from sklearn.datasets import load_sample_images

    drawn = np.random.RandomState(5)
    strips = [
        strip for photo in load_sample_images().images for strip in np.array_split(photo, STRIPS, 1)
    ]
    y = drawn.randint(0, len(strips), CROPS)
    x = np.empty((CROPS, 32, 32, 3), "float32")
    for i, strip in enumerate(strips[label] for label in y):
        top, left = (drawn.randint(0, side - 32) for side in strip.shape[:2])
        x[i] = strip[top : top + 32, left : left + 32]
    return x, y


MAKERS: dict[str, Callable[[], Rows]] = {
    maker.__name__: maker for maker in (digits, flat_digits, large_digits, crops)
}


def write(name: str, folder: Path) -> None:
    """`whole.npz` is for Tuneroom, `rows.npz` for scripts: the same rows, already divided."""
    x, y = MAKERS[name]()
    np.savez(folder / "whole.npz", x=x, y=y)
    places = split_rows(y, Split(0.7, 0.15, 0.15, 0, True))
    np.savez(
        folder / "rows.npz",
        **{f"{axis}_{part}": array[places[part]]
           for part in ("train", "validation") for axis, array in (("x", x), ("y", y))},
    )  # fmt: skip
