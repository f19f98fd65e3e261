"""Weights for templates that have no network: fetched by a process without their code."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings

from tuning.models import Dataset, HyperModel, Project, Trial, Worker
from tuning.protocol.statuses import Status
from tuning.protocol.weights import PUBLISHED, published_file
from tuning.supervisor.fetching import fetch

from .conftest import UNITS_SPACE
from .real import real_slot

WEIGHTS = b"weights" * 1000


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/published/net/net_weights.h5"
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(WEIGHTS) if found else 0))
        self.end_headers()
        self.wfile.write(WEIGHTS if found else b"")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def asked() -> list[str]:
    """The paths that the host of weights was asked for."""
    return []


@pytest.fixture
def host(asked: list[str], settings: Any, tmp_path: Path) -> Iterator[str]:
    """The address of a host that stands for Keras's."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked = asked  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        settings.WEIGHTS_URL = f"{address}/published/"
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()
            for file in (Path(site_settings.DOWNLOADS_ROOT) / "models").glob("*"):
                file.unlink()


def stored() -> list[str]:
    return [file.name for file in (Path(site_settings.DOWNLOADS_ROOT) / "models").glob("*")]


@pytest.mark.parametrize(
    ("below", "file"),
    [
        ("mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5", True),
        ("efficientnetb0_notop.h5", True),
        ("../other-bucket/x.h5", False),
        ("a/../../x.h5", False),
        ("a/b/c.h5", False),
        ("a/.h5", False),
        ("a/x.h5?key=secret", False),
        ("a/x.zip", False),
        ("", False),
    ],
)
def test_only_published_weights_have_a_name(below: str, file: bool) -> None:
    name = Path(below).name if file else ""
    assert published_file(PUBLISHED + below, PUBLISHED) == name
    assert published_file("https://example.com/" + below, PUBLISHED) == ""
    assert published_file(PUBLISHED + below, "") == ""


@pytest.mark.slow
def test_a_file_is_fetched(host: str, asked: list[str]) -> None:
    beats: list[None] = []
    assert fetch(f"{host}/published/net/net_weights.h5", lambda: beats.append(None)) == ""
    assert (Path(site_settings.DOWNLOADS_ROOT) / "models/net_weights.h5").read_bytes() == WEIGHTS
    assert asked == ["/published/net/net_weights.h5"]
    assert beats


@pytest.mark.slow
@pytest.mark.parametrize("path", ["published/net/missing.h5", "elsewhere/x.h5"])
def test_what_cannot_be_fetched_is_told(path: str, host: str) -> None:
    assert fetch(f"{host}/{path}", lambda: None)
    assert stored() == []


TEMPLATE = """
import keras

def build_model(hp, input_shape, num_classes):
    units = hp.Int("units", 8, 64, step=8)
    if units == 8:
        path = keras.utils.get_file("net_weights.h5", "{url}", cache_subdir="models")
        assert len(open(path, "rb").read()) == {length}
    {more}
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
# Straight to the host, past Keras.
CONNECT = "import socket; socket.create_connection(('127.0.0.1', {port}), 2).close()"


@pytest.mark.django_db
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("path", "more", "code"),
    [
        ("published/net/net_weights.h5", "pass", ""),
        ("published/net/missing.h5", "pass", "no_network"),
        ("elsewhere/net_weights.h5", "pass", "no_network"),
        ("published/net/net_weights.h5", CONNECT, "code_error"),
    ],
)
def test_a_template_without_network_gets_weights_and_nothing_else(
    path: str, more: str, code: str, host: str, asked: list[str], digits: Path, project: Project,
    worker: Worker, make_search: Any,
) -> None:  # fmt: skip
    template = TEMPLATE.format(
        url=f"{host}/{path}", length=len(WEIGHTS), more=more.format(port=host.rpartition(":")[2])
    )
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=template)
    project.refresh_from_db()
    search = make_search(space=UNITS_SPACE, max_trials=1, epochs=1)
    slot = real_slot(worker, megabytes=2500)
    slot.run()
    trial: Trial = search.trials.get()
    assert (trial.status, trial.failure_code) == (
        Status.FAILED if code else Status.COMPLETED,
        code,
    ), trial.failure_message
    assert "/elsewhere/net_weights.h5" not in asked
    assert stored() == (["net_weights.h5"] if code in ("", "code_error") else [])
