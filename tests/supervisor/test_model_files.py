"""What a runner calls a model is stored only if it is made like one, and is no larger than it
says."""

import io
import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuning.actions.saved_models import retrain
from tuning.models import SavedModel
from tuning.protocol.events import BadEvent, decode_event
from tuning.protocol.statuses import Status
from tuning.supervisor.model_files import BadModelFile, store_model_file

from .fake_runner import FakeRunner, model_file

MB = 1 << 20
KERAS = {"metadata.json": "{}", "config.json": "{}", "model.weights.h5": "\x89HDF\r\n\x1a\n"}


def zipped(members: dict[str, str], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content.encode("latin-1"))
    return file.getvalue()


def twice(name: str) -> bytes:
    file = io.BytesIO(model_file("keras"))
    with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(name, "{}")
    return file.getvalue()


def store(content: bytes, folder: Path, kind: str = "keras") -> tuple[int, str]:
    source = folder / f"model.{kind}"
    source.write_bytes(content)
    return store_model_file(source, folder / "stored" / f"1.{kind}", 4 * MB)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("keras", model_file("keras")),
        ("skops", model_file("skops")),
        ("keras", zipped({**KERAS, "assets/": "", "assets/vocabulary/words.txt": "a b"})),
        ("keras", zipped({**KERAS, "description.json": "{}"}, zipfile.ZIP_DEFLATED)),
        ("skops", zipped({"schema.json": "{}", "1.npz": "x", "1b-2c.bin": "x"})),
    ],
)
def test_whole_files_are_stored(kind: str, content: bytes, tmp_path: Path) -> None:
    size, _ = store(content, tmp_path, kind)
    assert (tmp_path / "stored" / f"1.{kind}").read_bytes() == content
    assert size == len(content)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "no zip": ("keras", b"a model", "not a zip archive"),
    "empty": ("keras", b"", "not a zip archive"),
    "no members": ("skops", zipped({}), "schema.json is missing"),
    "incomplete": ("keras", model_file("keras")[:-30], "incomplete"),
    "garbled": ("keras", model_file("keras").replace(b" and so on", b" AND SO ON"), "damaged"),
    "no weights": ("keras", zipped({"metadata.json": "{}", "config.json": "{}"}), "is missing"),
    "weights of another kind": ("keras", zipped({**KERAS, "model.weights.h5": "x"}), "HDF5"),
    "not a JSON": ("keras", zipped({**KERAS, "config.json": "{"}), "damaged"),
    "deep JSON": ("skops", zipped({"schema.json": "[" * 200_000}), "damaged"),
    "no object": ("skops", zipped({"schema.json": "[]"}), "damaged"),
    "the other kind": ("skops", model_file("keras"), "schema.json is missing"),
    "a program": ("keras", zipped({**KERAS, "__main__.py": "x"}), "Unexpected '__main__.py'"),
    "a pickle": ("skops", zipped({"schema.json": "{}", "1.pkl": "x"}), "Unexpected '1.pkl'"),
    "upwards": ("keras", zipped({**KERAS, "assets/../../x": "x"}), "points outside"),
    "absolute": ("keras", zipped({**KERAS, "/etc/x": "x"}), "points outside"),
    "twice the same": ("keras", twice("config.json"), "two members of the same name"),
    "another method": ("keras", zipped(KERAS, zipfile.ZIP_BZIP2), "other than deflate"),
    "a bomb": (
        "keras", zipped({**KERAS, "assets/x": "x" * 8 * MB}, zipfile.ZIP_DEFLATED), "times its size"
    ),
    "too large": ("keras", zipped({**KERAS, "assets/x": "x" * 5 * MB}), "MODEL_MAX_MB"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_others_are_refused_and_leave_nothing(what: str, tmp_path: Path) -> None:
    kind, content, words = REFUSED[what]
    with pytest.raises(BadModelFile, match=words):
        store(content, tmp_path, kind)
    stored = tmp_path / "stored"
    assert not stored.exists() or list(stored.iterdir()) == []


def test_holes_take_no_disk(tmp_path: Path) -> None:
    """A sparse file of 600 MB became 600 MB of the worker's disk."""
    source = tmp_path / "model.keras"
    source.write_bytes(model_file("keras"))
    os.truncate(source, 600 * MB)
    with pytest.raises(BadModelFile, match="incomplete"):
        store_model_file(source, tmp_path / "1.keras", 2048 * MB)
    # The archive's end behind the hole, where a zip has it.
    with source.open("r+b") as file:
        file.seek(600 * MB)
        file.write(model_file("keras"))
    with pytest.raises(BadModelFile, match="incomplete"):
        store_model_file(source, tmp_path / "1.keras", 2048 * MB)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_what_is_written_meanwhile_is_not_stored(tmp_path: Path) -> None:
    """The copy is checked, and it ends where the file ended at first."""
    source = tmp_path / "model.keras"
    source.write_bytes(model_file("keras"))

    def beat() -> None:
        with source.open("ab") as file:
            file.write(b"more")

    size, _ = store_model_file(source, tmp_path / "1.keras", MB, beat)
    assert size == len(model_file("keras"))
    assert (tmp_path / "1.keras").read_bytes() == model_file("keras")


@pytest.fixture
def retrained(
    make_search: Any, make_slot: Any, alice: Any, monkeypatch: Any
) -> Callable[[bytes], SavedModel]:
    """A function that retrains a trial whose runner leaves these bytes as its model."""

    def run(content: bytes) -> SavedModel:
        search = make_search(max_trials=1)
        make_slot().run()
        saved = retrain(alice, search.trials.get())
        write = FakeRunner._write
        monkeypatch.setattr(FakeRunner, "_write", lambda self, name, _: write(self, name, content))
        make_slot().run()
        saved.refresh_from_db()
        return saved

    return run


@pytest.mark.django_db
def test_a_refused_file_is_a_failed_retraining(retrained: Any, settings: Any) -> None:
    settings.MODEL_MAX_MB = 1
    before = set(Path(settings.SAVED_MODELS_ROOT).iterdir())
    saved = retrained(bytes(2 * MB))
    assert (saved.status, saved.failure_code) == (Status.FAILED, "bad_model_file")
    assert saved.failure_message == (
        "The model file has 2 MB, more than the limit of 1 MB (MODEL_MAX_MB)."
    )
    assert saved.file == ""
    assert set(Path(settings.SAVED_MODELS_ROOT).iterdir()) == before


@pytest.mark.parametrize(
    "fields",
    [
        '"metrics": {"loss": "0.1"}, "versions": {}',
        '"metrics": {"loss": true}, "versions": {}',
        '"metrics": {"loss": [1]}, "versions": {}',
        '"metrics": {}, "versions": {"keras": {"a": 1}}',
        '"metrics": {}, "versions": {"keras": 3}',
        f'"metrics": {{}}, "versions": {{"keras": "{"3" * 300}"}}',
        '"metrics": {}, "versions": [["keras", "3"]]',
    ],
)
def test_numbers_and_versions_of_other_types_are_refused(fields: str) -> None:
    with pytest.raises(BadEvent):
        decode_event(f'{{"event": "retrained", "parameters": 1, {fields}}}'.encode())


def test_metrics_that_are_no_numbers_are_none() -> None:
    fields = b'"parameters": 1, "versions": {}, "metrics": {"a": NaN, "b": 1e999}'
    event: Any = decode_event(b'{"event": "retrained", ' + fields + b"}")
    assert event.metrics == {"a": None, "b": None}
