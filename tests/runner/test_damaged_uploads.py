"""Files that chance has damaged: each is read, or refused with a sentence, soon and in little
memory."""

import io
import os
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.images import picture, shapes
from tests.services import PATIENCE
from tuning.protocol.uploads import ARRAYS, IMAGES, Upload
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData

MAX_BYTES = 8 << 20
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, x=np.arange(60.0).reshape(20, 3), y=np.array(["no", "yes"] * 10), z=np.arange(3)
    )
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**shapes(3), "shapes/dark/x.jpg": picture(kind="JPEG")}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = {ARRAYS: _npz(), IMAGES: _zip()}


@st.composite
def damaged(draw: Callable[..., int], kind: str) -> bytes:
    """A good file with bytes changed, cut out, put in twice or cut off."""
    content = bytearray(GOOD[kind])
    place = st.integers(0, len(content) - 1)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(place) % len(content)
        match draw(st.integers(0, 3)):
            case 0:
                content[at] = draw(st.integers(0, 255))
            case 1:
                del content[at : at + draw(st.integers(1, 40))]
            case 2:
                content[at:at] = content[at : at + draw(st.integers(1, 200))]
            case 3:
                # The sizes, places and counts of the directory stand at the end.
                back = draw(st.integers(1, min(300, len(content))))
                content[-back] = draw(st.integers(0, 255))
        if not content:
            break
    return bytes(content)


def _members(kind: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(GOOD[kind])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@st.composite
def damaged_within(draw: Callable[..., int], kind: str) -> bytes:
    """A sound archive whose members are damaged: their sums agree with what is in it."""
    members = _members(kind)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, good in members.items():
            content = bytearray(good)
            for _ in range(draw(st.integers(0, 3))):
                content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
            archive.writestr(name, bytes(content))
    return buffer.getvalue()


def _check(kind: str, content: bytes) -> None:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("upload").write_bytes(content)
            upload = Upload(kind, "upload", "upload", MAX_BYTES)
            began = time.monotonic()
            tracemalloc.start()
            try:
                # Anything but a clean refusal fails the test.
                with suppress(BadData):
                    profile = prepare_upload("own-1", upload, Path("prepared"), lambda _: None)
                    # None: the name of an array is damaged, so that somebody has to choose.
                    assert profile is None or profile["rows"] >= 4
            finally:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            # Decoding may be done once more by Pillow than there are bytes.
            assert peak < 10 * MAX_BYTES
            assert time.monotonic() - began < PATIENCE
        finally:
            os.chdir(before)


@pytest.mark.parametrize("kind", [ARRAYS, IMAGES])
def test_the_good_ones_are_good(kind: str) -> None:
    _check(kind, GOOD[kind])


@given(content=damaged(ARRAYS))
@FUZZ
def test_damaged_arrays(content: bytes) -> None:
    _check(ARRAYS, content)


@pytest.mark.slow
@given(content=damaged_within(ARRAYS))
@FUZZ
def test_damaged_arrays_in_a_sound_archive(content: bytes) -> None:
    _check(ARRAYS, content)


@given(content=damaged(IMAGES))
@FUZZ
def test_damaged_archives_of_images(content: bytes) -> None:
    _check(IMAGES, content)


@pytest.mark.slow
@given(content=damaged_within(IMAGES))
@FUZZ
def test_damaged_images_in_a_sound_archive(content: bytes) -> None:
    _check(IMAGES, content)


@pytest.mark.slow
@given(content=st.binary(max_size=400))
@FUZZ
def test_anything(content: bytes) -> None:
    for kind in (ARRAYS, IMAGES):
        _check(kind, content)
        _check(kind, b"PK\3\4" + content)
