"""Files that the supervisor takes over: under their names they are whole."""

import os
from pathlib import Path


def put_in_place(unfinished: Path, name: str) -> None:
    """Give a written file its name in the same folder, once it is safe on the disk."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(name)
