"""Whatever is sent as a dataset or as code: the site answers with a sentence or takes it, and what
it refuses leaves nothing behind."""

import ast
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.images import shapes, zip_of
from tuning.models import Dataset, HyperModel
from tuning.runner.template.scripts import read_script

# Hypothesis runs many examples in one test: what one of them leaves, the next one would see.
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = st.sampled_from(
    ["a.npz", "a.zip", "a.csv", "a.tsv", "a.parquet", "a.CSV", "a", ".zip", "a.zip.exe", "a.pdf",
     "ä b\u202e.csv", "../a.csv", "a" * 200 + ".csv"]
)  # fmt: skip
STARTS = st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"PAR1", b"a,b\n1,2\n", b"\xff\xfe"])
SCRIPT = """import keras_tuner as kt
from tensorflow.keras.datasets import mnist

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train / 255.0
shape = x_train.shape[1:]


def build_model(hp):
    for index in range(hp.Int("layers", 1, 3)):
        with hp.conditional_scope("a", ["b"]):
            pass
    return make(shape, hp.Choice("a", ["b", "c"]))


if __name__ == "__main__":
    tuner = kt.RandomSearch(build_model, objective="val_loss", max_trials=3)
    tuner.search(x_train, y_train, epochs=2)
"""


@pytest.fixture
def uploads(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


def left(uploads: Path) -> tuple[int, int]:
    return Dataset.objects.count(), len(list(uploads.iterdir()))


FIELDS = st.sampled_from(["name", "side", "colours", "team", "target"])


@pytest.mark.slow
@given(
    name=NAMES,
    start=STARTS,
    rest=st.binary(max_size=2_000),
    form=st.dictionaries(FIELDS, st.text(max_size=100)),
)
@FUZZ
def test_a_dataset(
    as_bob: Client, uploads: Path, name: str, start: bytes, rest: bytes, form: dict[str, str]
) -> None:
    before = left(uploads)
    file = SimpleUploadedFile(name, start + rest)
    response = as_bob.post("/datasets/new/", {"name": "Data", **form, "file": file})
    assert response.status_code in (302, 413, 422)
    if response.status_code == 302:
        assert left(uploads) == (before[0] + 1, before[1] + 1)
    else:
        assert left(uploads) == before
        assert b"errorlist" in response.content


def test_a_request_that_is_cut_off(as_bob: Client, uploads: Path, tmp_path: Path) -> None:
    """A body that promises more than comes, in every tenth place."""
    photos = zip_of(tmp_path / "p.zip", shapes(2)).read_bytes()
    edge = b"--edge\r\n"
    body = (
        edge + b'Content-Disposition: form-data; name="name"\r\n\r\nPhotos\r\n'
        + edge + b'Content-Disposition: form-data; name="file"; filename="p.zip"\r\n'
        b"Content-Type: application/zip\r\n\r\n" + photos + b"\r\n--edge--\r\n"
    )  # fmt: skip
    for length in range(0, len(body) - len(photos) // 2, max(1, len(body) // 10)):
        response = as_bob.generic(
            "POST", "/datasets/new/", body[:length], "multipart/form-data; boundary=edge"
        )
        assert response.status_code < 500
        taken = response.status_code == 302
        assert left(uploads) == (int(taken), int(taken))
        Dataset.objects.all().delete()
        for file in uploads.iterdir():
            file.unlink()


@st.composite
def damaged_scripts(draw: Any) -> str:
    """A good script with lines taken out, doubled, moved or changed."""
    lines = SCRIPT.splitlines()
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        match draw(st.integers(0, 3)):
            case 0:
                del lines[at : at + 1]
            case 1:
                lines[at:at] = lines[at : at + 3]
            case 2:
                lines.insert(0, lines.pop(at) if lines else "")
            case 3:
                lines[at : at + 1] = [draw(st.text(max_size=60))]
    return "\n".join(lines)


@pytest.mark.slow
@given(code=st.one_of(st.text(max_size=500), st.binary(max_size=500), damaged_scripts()))
@FUZZ
def test_a_template(as_bob: Client, code: str | bytes) -> None:
    before = HyperModel.objects.count()
    content = code if isinstance(code, bytes) else code.encode("utf-8", "surrogatepass")
    file = SimpleUploadedFile("template.py", content)
    answer = as_bob.post("/templates/new/", {"name": "T", "kinds": ["table"], "file": file})
    assert answer.status_code in (200, 302, 422)
    assert HyperModel.objects.count() == before + (answer.status_code == 302)
    if answer.status_code != 302:
        assert b"errorlist" in answer.content


@given(code=damaged_scripts())
@FUZZ
def test_the_runner_reads_any_code_that_python_can_read(code: str) -> None:
    """What it keeps of a script compiles; all that it may raise is what Python's parser raises."""
    with suppress(SyntaxError, ValueError):
        ast.parse(code)
        compile(read_script(code, "template.py").tree, "template.py", "exec")
