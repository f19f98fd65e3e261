"""Downloading a dataset with progress, and without ever hanging."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tuning.protocol.catalogue import CatalogueEntry
from tuning.protocol.events import Progress
from tuning.runner.channel import Channel
from tuning.runner.failures import NoNetwork, download_reason, is_network_error

# No answer for so long: give up. For one read, and for the whole download to grow at all.
_SOCKET_SECONDS = 15
_STALL_SECONDS = 30
_MEGABYTE = 1024 * 1024


def download(entry: CatalogueEntry, load: Callable[[], Any], channel: Channel) -> Any:
    """The result of `load`, which may download into Keras's cache first. Raises NoNetwork.

    `load` runs in a thread of its own: a look-up of a host's name takes no time limit, and Keras
    tells of its progress only on a terminal. So we look at the growing file instead.
    """
    socket.setdefaulttimeout(_SOCKET_SECONDS)
    channel.send(Progress(f"Loading {entry.name}"))
    outcome: dict[str, Any] = {}
    thread = threading.Thread(target=_run, args=(load, outcome), daemon=True)
    thread.start()
    _watch(thread, entry, channel)
    if thread.is_alive():
        raise _failed(entry, f"nothing arrived for {_STALL_SECONDS} seconds")
    if "error" in outcome:
        error = outcome["error"]
        if is_network_error(error) or "corrupted file" in str(error):
            raise _failed(entry, download_reason(error)) from error
        raise error
    return outcome["result"]


def _run(load: Callable[[], Any], outcome: dict[str, Any]) -> None:
    try:
        outcome["result"] = load()
    except Exception as error:  # noqa: BLE001  told by the thread that waits for this one
        outcome["error"] = error


def _watch(thread: threading.Thread, entry: CatalogueEntry, channel: Channel) -> None:
    """Report the download's size every second; return when it is over or has stalled."""
    before = size = _cache_size()
    grown_at = time.monotonic()
    while thread.is_alive():
        thread.join(1.0)
        now = _cache_size()
        if now != size:
            size, grown_at = now, time.monotonic()
            done = (size - before) / _MEGABYTE
            text = f"Downloading {entry.name}: {done:.0f} of about {entry.download_mb} MB"
            channel.send(Progress(text, min(1.0, done / max(1, entry.download_mb))))
        complete = size - before >= 0.9 * entry.download_mb * _MEGABYTE
        # After the last byte comes unpacking, which may be slow but cannot wait for anybody.
        if not complete and time.monotonic() - grown_at > _STALL_SECONDS:
            return


def _cache_folder() -> Path:
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _cache_size() -> int:
    total = 0
    for file in _cache_folder().rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue  # Renamed or removed while we looked.
    return total


def _failed(entry: CatalogueEntry, reason: str) -> NoNetwork:
    # The shared folder: this process's own cache goes with it.
    shared = os.environ.get("RUNNER_DOWNLOADS", "")
    place = (Path(shared) / "datasets" if shared else _cache_folder()) / entry.download_file
    return NoNetwork(
        f"{entry.name} could not be downloaded: {reason}. Connect the worker to the internet and "
        f"try again, or put {entry.download_file} there by hand: {place}"
    )
