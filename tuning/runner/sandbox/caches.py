"""Keras's cache, which is each runner's own: what was downloaded before is shown in it."""

import os
from pathlib import Path


def share_downloads() -> None:
    """Link the files of the shared, read-only downloads into the cache of this process."""
    shared, own = os.environ.get("RUNNER_DOWNLOADS", ""), os.environ.get("KERAS_HOME", "")
    if not shared or not own:
        return
    for folder in filter(Path.is_dir, Path(shared).iterdir()):
        place = Path(own) / folder.name
        place.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            if not (place / file.name).exists():
                (place / file.name).symlink_to(file)
