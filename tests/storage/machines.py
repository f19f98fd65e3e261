"""Machines with data folders of their own, in one process: the settings name one at a time."""

from pathlib import Path
from typing import Any

FOLDERS = (
    "datasets", "saved_models", "checkpoints", "runners", "downloads", "uploads", "predictions",
    "locks", "cached", "resume",
)  # fmt: skip


class Machine:
    def __init__(self, settings: Any, root: Path) -> None:
        self._settings, self.root = settings, root
        for name in FOLDERS:
            (root / name).mkdir(parents=True)

    def use(self) -> None:
        """From now on, what runs in this process runs on this machine."""
        self._settings.DATA_ROOT = self.root
        for name in FOLDERS:
            setattr(self._settings, f"{name.upper()}_ROOT", self.root / name)
        self._settings.FILE_UPLOAD_TEMP_DIR = self.root / "uploads"
