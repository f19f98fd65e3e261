"""Downloads without a template's code: here for those that do have it, and how those ask."""

import os
import shutil
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tuning.protocol.events import DownloadNeeded, Fetched, Progress
from tuning.protocol.orders import FetchedOrder, FetchOrder
from tuning.protocol.weights import published_file
from tuning.runner.sandbox.hardening import allows_network

from .channel import Channel
from .failures import NoNetwork

FOLDER, FILE = "fetched", "file"
# Where keras.applications looks for its weights below the cache.
MODELS = "models"
_CHUNK = 1 << 20
_SOCKET_SECONDS = 15


def fetch(order: FetchOrder, channel: Channel) -> None:
    """Download one file into the working folder. Raises NoNetwork."""
    socket.setdefaulttimeout(_SOCKET_SECONDS)
    folder = Path(FOLDER)
    folder.mkdir()
    told = time.monotonic()
    try:
        with urllib.request.urlopen(order.url) as answer, (folder / FILE).open("wb") as file:  # noqa: S310
            while piece := answer.read(_CHUNK):
                file.write(piece)
                if time.monotonic() > told + 1:
                    told = time.monotonic()
                    channel.send(Progress(f"Downloading {order.url}"))
            length = answer.headers["Content-Length"]
            if length is not None and int(length) != file.tell():
                raise NoNetwork(f"{order.url} broke off after {file.tell():,} bytes")
    except (OSError, urllib.error.URLError) as error:
        raise NoNetwork(f"{order.url} could not be downloaded: {error}") from error
    channel.send(Fetched())


def ask_for_weights(channel: Channel) -> None:
    """From now on, what Keras downloads is asked of the supervisor, if it is published weights.
    Others it downloads itself, where templates have a network."""
    from keras.src.utils import file_utils

    download = file_utils.urlretrieve

    def retrieve(url: str, filename: str, reporthook: Any = None, data: Any = None) -> Any:
        name = published_file(url, os.environ.get("RUNNER_WEIGHTS_URL", ""))
        if not name and allows_network():
            return download(url, filename, reporthook, data)
        if not name:
            raise urllib.error.URLError(
                "model templates have no network on this worker (RUNNER_NETWORK=0)"
            )
        channel.send(DownloadNeeded(url))
        answer = channel.receive()
        if not isinstance(answer, FetchedOrder):
            # Told to end, or the supervisor is gone.
            os._exit(0)
        if answer.problem:
            raise urllib.error.URLError(answer.problem)
        # A file of the same name may be a link to a broken one in the shared folder.
        Path(filename).unlink(missing_ok=True)
        shutil.copyfile(Path(os.environ["RUNNER_DOWNLOADS"]) / MODELS / name, filename)
        return filename, None

    file_utils.urlretrieve = retrieve
