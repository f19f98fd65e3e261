"""Files that the supervisor takes over: under their names they are whole."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

from tuning.protocol import description


def put_in_place(unfinished: Path, name: str) -> None:
    """Give a written file its name in the same folder, once it is safe on the disk."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(name)


def describe(file: Path, about: dict[str, Any]) -> None:
    """Lay the names of classes and inputs into a model's file, a zip. Keras and skops load their
    own entries and leave this one alone."""
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(description.FILE, json.dumps(about, indent=1, ensure_ascii=False))
