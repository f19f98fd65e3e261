"""Large datasets are laid down once in the order of a split, and all runners map that one copy."""

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from tuning.protocol.events import TrialEnd
from tuning.runner.inputs.data import load_dataset
from tuning.runner.inputs.shared import SharedRows
from tuning.splits import arranged
from tuning.splits.arranged import arrange, arranged_folder

from .harness import SPLIT, TrialRunner, project, search_order

# Writes, in the middle of its training and while another runner trains, how much of the mapped rows
# is in memory, and how many rows lie in memory of its own as well: a copy would have them all.
CODE = """
import ctypes, json, os, time
import keras
import numpy as np

def kilobytes(text, word):
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(word))

def is_of_rows(line):
    return "split-" in line and "x.npy" in line

def mapped():
    with open("/proc/self/smaps") as file:
        blocks = [block for block in file.read().split("VmFlags:") if is_of_rows(block)]
    return {word: 1024 * sum(kilobytes(block, word + ":") for block in blocks)
            for word in ("Rss", "Pss")}

def own_memory():
    with open("/proc/self/maps") as file:
        for line in file:
            place, rights, _, _, file_number, *name = line.split()
            if rights.startswith("rw") and file_number == "0" and name != ["[vvar]"]:
                start, end = (int(number, 16) for number in place.split("-"))
                yield ctypes.string_at(start, end - start)

def copied(mark):
    \"\"\"How many rows are found outside the mapped file, as bytes or as floats.\"\"\"
    found = set()
    dtypes = np.uint8, np.float32
    patterns = [np.frombuffer(mark, np.uint8).astype(dtype).tobytes() for dtype in dtypes]
    for memory in own_memory():
        for dtype, pattern in zip(dtypes, patterns):
            size = 4 * np.dtype(dtype).itemsize
            place = memory.find(pattern)
            while place >= 0:
                place += len(pattern)
                number = np.frombuffer(memory[place:place + size], dtype)
                if len(number) == 4 and (number == number.astype(np.uint8)).all():
                    found.add(int.from_bytes(number.astype(np.uint8).tobytes(), "little"))
                place = memory.find(pattern, place)
    return len(found)

class Measure(keras.callbacks.Callback):
    def __init__(self, rows, mark):
        super().__init__()
        self.rows, self.mark = rows, mark
        self.copied_at_first = None

    def on_train_begin(self, logs=None):
        # Keras has its data by now, and no batch has been taken from them.
        self.copied_at_first = copied(self.mark)

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            open("ready", "w").close()
            while not os.path.exists("go"):
                time.sleep(0.01)
            memory = {**mapped(), "copied_at_first": self.copied_at_first}
            memory["copied_after_an_epoch"] = copied(self.mark)
            copy = np.array(self.rows)
            memory["copied_on_purpose"] = copied(self.mark)
            with open("memory.json", "w") as file:
                json.dump(memory, file)

class Small(__import__("keras_tuner").HyperModel):
    def __init__(self, input_shape):
        super().__init__()
        self.shape = input_shape

    def build(self, hp):
        model = keras.Sequential([
            keras.Input(self.shape), keras.layers.AveragePooling2D(32), keras.layers.Flatten(),
            keras.layers.Dense(2, "softmax"),
        ])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, x, y, callbacks=(), **kwargs):
        mark = bytes(x[1].ravel()[4:20])
        x[:1] = 7  # A template may do with its data what it likes.
        return model.fit(x, y, callbacks=[*callbacks, Measure(x, mark)], **kwargs)
"""
ROWS, SIDE = 6_000, 64


def images(folder: Path, rows: int, side: int) -> Path:
    folder.mkdir()
    shape = (rows, side, side, 1)
    x = np.lib.format.open_memmap(folder / "x.npy", mode="w+", dtype=np.uint8, shape=shape)
    x[:] = 100
    # Every row can be told from every other one, and be found in memory.
    start: np.ndarray = x.reshape(rows, side * side)[:, :24]
    start[:, :4] = start[:, 20:] = np.arange(rows, dtype=np.uint32).view(np.uint8).reshape(rows, 4)
    start[:, 4:20] = np.frombuffer(os.urandom(16), np.uint8)
    x.flush()
    np.save(folder / "y.npy", np.arange(rows) % 2)
    profile = {
        "task": "classification", "input_shape": shape[1:], "num_classes": 2, "min_value": 0,
        "max_value": 255,
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(profile))
    return folder


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One that counts as large here."""
    monkeypatch.setattr(arranged, "LARGE", 1)
    monkeypatch.setattr(arranged, "_BYTES_AT_ONCE", 1000)
    return images(tmp_path / "images", 500, 12)


def test_the_rows_are_those_that_would_be_copied(small: Path) -> None:
    order = project("", small)
    before = load_dataset(order)
    arrange(small, order.split)
    after = load_dataset(order)
    for parts in (("train",), ("validation",), ("test",), ("train", "validation")):
        for most in (None, 7):
            ours, theirs = after.rows(*parts, most=most), before.rows(*parts, most=most)
            assert isinstance(ours[0], SharedRows)
            assert not isinstance(theirs[0], SharedRows)
            assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    # Another split is another order.
    assert not isinstance(load_dataset(project("", small, seed=9)).x, SharedRows)


def test_given_parts_lie_in_their_order(small: Path) -> None:
    np.save(small / "parts.npy", np.repeat(np.array([2, 0], np.uint8), 250))
    order = project("", small, given=True)
    arrange(small, order.split)
    dataset = load_dataset(order)
    numbers = np.ascontiguousarray(dataset.raw("test")[0][:, 0, :4, 0]).view(np.uint32)
    assert sorted(numbers.ravel()) == list(range(250))


def test_small_datasets_are_left_alone(tmp_path: Path) -> None:
    folder = images(tmp_path / "images", 50, 12)
    arrange(folder, SPLIT)
    assert {path.name for path in folder.iterdir()} == {"x.npy", "y.npy", "meta.json"}


def test_nobody_changes_what_others_see(small: Path) -> None:
    arrange(small, SPLIT)
    first, second = (load_dataset(project("", small)).rows("train")[0] for _ in range(2))
    first[:] = 0
    assert second.any()
    assert not os.access(arranged_folder(small, SPLIT) / "x.npy", os.W_OK) or os.geteuid() == 0


def test_a_full_disk_leaves_nothing(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        arrange(small, SPLIT)
    assert list(small.glob("*split-*")) == []
    assert load_dataset(project("", small)).rows("train")[0].shape == (350, 12, 12, 1)


@pytest.mark.tensorflow
def test_tensorflow_uses_the_rows_as_they_are(tmp_path: Path) -> None:
    import tensorflow as tf

    np.save(tmp_path / "x.npy", np.ones((1 << 10, 1 << 10), np.float32))
    x = np.load(tmp_path / "x.npy", mmap_mode="c").view(SharedRows)
    shared = tf.convert_to_tensor(x)
    x[0, 0] = -1
    assert shared[0, 0] == -1
    # What cannot be shared is copied: parts of rows, other types, odd places in memory.
    for piece in (x[:, 1:], x.astype(np.float64).view(SharedRows)[::2], x.ravel()[1:]):
        assert np.array_equal(tf.convert_to_tensor(piece).numpy(), piece)
    assert tf.convert_to_tensor(x, tf.float32).dtype == tf.float32
    assert isinstance(x / 2, SharedRows)


@pytest.mark.tensorflow
def test_two_runners_share_one_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # All of a runner's memory is looked through: little of it is to be these rows.
    monkeypatch.setattr(arranged, "LARGE", 1)
    folder = images(tmp_path / "images", ROWS, SIDE)
    rows = int(ROWS * 0.7)
    size = rows * SIDE * SIDE
    order = search_order(project(CODE, folder), {}, epochs=2)
    arrange(folder, order.project.split)
    content = (arranged_folder(folder, order.project.split) / "x.npy").read_bytes()
    # As isolated as this kernel can: they may read the rows, and map them all the same.
    level = {"RUNNER_LEVEL": "2", "RUNNER_DATASETS": str(tmp_path)}
    flags = ("--level", "2")
    with (
        TrialRunner(tmp_path / "one", *flags, is_warm=True, **level) as one,
        TrialRunner(tmp_path / "two", *flags, is_warm=True, **level) as two,
    ):
        results: list[object] = []

        def train(runner: TrialRunner) -> None:
            runner.begin(order)
            results.append(runner.trial("0", {})[-1])

        threads = [threading.Thread(target=train, args=(runner,)) for runner in (one, two)]
        for thread in threads:
            thread.start()
        _wait_for([runner.folder / "ready" for runner in (one, two)], threads)
        for runner in (one, two):
            (runner.folder / "go").touch()
        for thread in threads:
            thread.join()
        memory = [json.loads((r.folder / "memory.json").read_text()) for r in (one, two)]
    assert all(isinstance(result, TrialEnd) for result in results), results
    for used in memory:
        assert used["Rss"] > 0.95 * size, "all rows were read"
        assert used["Pss"] < 0.6 * used["Rss"], "and both runners have them in common"
        assert used["copied_at_first"] < 0.05 * rows, "neither has a copy besides"
        # Batches of late are found as well; how many of them depends on the allocator.
        assert used["copied_after_an_epoch"] < 0.9 * rows, "nor does an epoch make one"
        assert used["copied_on_purpose"] > 0.95 * rows, "a copy would have been found"
    assert (arranged_folder(folder, order.project.split) / "x.npy").read_bytes() == content


def _wait_for(files: list[Path], threads: list[threading.Thread]) -> None:
    while not all(file.exists() for file in files):
        assert any(thread.is_alive() for thread in threads), "a runner ended early"
        threads[0].join(0.05)
