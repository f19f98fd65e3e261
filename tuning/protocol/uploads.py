"""What people may upload as a dataset. Standard library only."""

from dataclasses import dataclass
from pathlib import PurePath

ARRAYS = "arrays"
IMAGES = "images"

# Which kind of upload a file is, by the ending of its name. Tables as CSV follow here.
ENDINGS = {".npz": ARRAYS, ".zip": IMAGES}

# Colours of the prepared images.
AS_THEY_ARE, GREY, COLOUR = "", "grey", "colour"
SMALLEST_SIDE, LARGEST_SIDE = 8, 512


@dataclass(frozen=True)
class Upload:
    """A file that somebody uploaded and how it is to be read.

    `file` is its name in the runner's folder, `name` the one that its owner knows. `most_bytes`
    is what its contents may take up. `side` 0 and `colours` "" leave images as they are, as far
    as that can be.
    """

    kind: str
    file: str
    name: str
    most_bytes: int
    side: int = 0
    colours: str = AS_THEY_ARE


def kind_of(name: str) -> str:
    """The kind of upload that a file's name promises; empty for none that can be read."""
    return ENDINGS.get(PurePath(name).suffix.lower(), "")
