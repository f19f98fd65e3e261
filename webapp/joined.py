"""The settings of a machine that has joined a site (`manage.py worker --join`). A file in its data
folder has them, so that a restart needs no token. What the environment says goes before."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

FILE = "joined.json"
# In an address: the data folder, where certificates lie that came with it.
FOLDER = "{TUNEROOM_DATA}"


def joined(folder: Path) -> dict[str, Any]:
    """The machine's `name`, the `site` and the `settings`; {} if the machine has not joined one."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return {}
    return found


def apply(settings: dict[str, str], folder: Path) -> None:
    for name, value in settings.items():
        os.environ.setdefault(name, value.replace(FOLDER, quote(str(folder))))


def save(folder: Path, answer: dict[str, Any]) -> None:
    """What the site handed over: its `files` and then, last, what makes this machine joined."""
    for name, text in answer["files"].items():
        _write(folder / Path(name).name, text)
    kept = {name: answer[name] for name in ("name", "site", "settings")}
    _write(folder / FILE, json.dumps(kept, indent=2))


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    # Never there with other rights, not even for a moment.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
