"""A row's file or folder: where it is read, what goes to the store, what a machine keeps of it."""

import hashlib
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.storage.machines import Machine
from tuning.storage import cache, contract
from tuning.storage.collecting import collect
from tuning.storage.configured import store
from tuning.storage.contract import GRACE, Away, Damaged, Missing
from tuning.storage.folder import FolderStore
from tuning.storage.locks import sweep_locks, try_lock
from tuning.storage.stored import StoredFile, StoredFolder, contents_of, folder_hash

CONTENT = b"a model"
HASH = hashlib.sha256(CONTENT).hexdigest()
OLD = time.time() - GRACE.total_seconds() - 60


def model_on(machine: Machine, name: str = "1-1.keras", sha256: str = HASH) -> StoredFile:
    return StoredFile(machine.root / "saved_models" / name, sha256)


def folder_of(machine: Machine, sha256: str) -> StoredFolder:
    return StoredFolder(machine.root / "datasets" / "digits", sha256)


@pytest.fixture
def worker(settings: Any, tmp_path: Path) -> Machine:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    machine = Machine(settings, tmp_path / "worker")
    machine.use()
    return machine


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Machine:
    return Machine(settings, tmp_path / "site")


@pytest.fixture
def kept(worker: Machine) -> StoredFile:
    file = model_on(worker)
    file.place.write_bytes(CONTENT)
    file.keep()
    return file


def objects() -> FolderStore:
    found = store()
    assert isinstance(found, FolderStore)
    return found


def prepared(machine: Machine) -> StoredFolder:
    place = machine.root / "datasets" / "digits"
    place.mkdir()
    (place / "x.npy").write_bytes(b"x" * 1000)
    (place / "y.npy").write_bytes(b"y" * 10)
    (place / "split-1").mkdir()
    return StoredFolder(place, folder_hash(place))


def test_without_a_store_a_file_is_at_its_place_and_nothing_is_copied(
    settings: Any, worker: Machine, tmp_path: Path
) -> None:
    settings.STORAGE_URL = ""
    file = model_on(worker)
    assert file.fetch() == file.place
    assert not file.exists()
    file.place.write_bytes(CONTENT)
    before = file.place.stat()
    file.keep()
    assert file.fetch().stat() == before
    assert file.pieces() is None
    assert not (tmp_path / "store").exists()
    assert not list((worker.root / "cached").iterdir())


def test_another_machine_has_the_file_at_its_own_place(kept: StoredFile, site: Machine) -> None:
    site.use()
    file = model_on(site)
    assert file.exists()
    assert file.fetch() == site.root / "saved_models" / "1-1.keras"
    assert file.place.read_bytes() == CONTENT


def test_a_download_streams_what_is_not_here(kept: StoredFile, site: Machine) -> None:
    assert kept.pieces() is None
    site.use()
    pieces = model_on(site).pieces()
    assert pieces is not None
    assert b"".join(pieces) == CONTENT
    with pytest.raises(Missing):
        model_on(site, sha256=hashlib.sha256(b"other").hexdigest()).pieces()


def test_a_file_of_a_row_without_a_hash_is_only_here(worker: Machine) -> None:
    file = model_on(worker, sha256="")
    file.place.write_bytes(CONTENT)
    file.keep()
    assert file.fetch() == file.place
    assert list(objects().entries()) == []


def test_a_file_that_is_not_what_its_row_will_say_is_not_kept(worker: Machine) -> None:
    file = model_on(worker, sha256=hashlib.sha256(b"other").hexdigest())
    file.place.write_bytes(CONTENT)
    with pytest.raises(Damaged):
        file.keep()
    assert not list((worker.root / "cached").iterdir())


def test_a_folder_comes_back_with_the_hash_of_its_row(worker: Machine, site: Machine) -> None:
    folder = prepared(worker)
    folder.keep()
    site.use()
    other = folder_of(site, folder.sha256)
    assert other.read("y.npy") == b"y" * 10
    assert not other.place.exists()
    assert folder_hash(other.fetch()) == folder.sha256
    # What was laid down from it stays where it is.
    assert sorted(path.name for path in other.place.iterdir()) == ["x.npy", "y.npy"]
    with pytest.raises(FileNotFoundError):
        other.read("z.npy")


def test_the_size_of_a_folder_is_the_same_on_each_machine(worker: Machine, site: Machine) -> None:
    folder = prepared(worker)
    (folder.place / "split-1" / "x.npy").write_bytes(b"x" * 1000)
    folder.keep()
    assert (folder.content_size(), folder.disk_use()) == (1010, 2010)
    site.use()
    other = folder_of(site, folder.sha256)
    assert (other.content_size(), other.disk_use()) == (1010, 1010)


def test_a_folder_goes_on_with_the_files_that_are_here(worker: Machine, site: Machine) -> None:
    folder = prepared(worker)
    folder.keep()
    site.use()
    other = folder_of(site, folder.sha256)
    unfinished = other.place.with_name(".digits.part")
    unfinished.mkdir()
    shutil.copy(folder.place / "x.npy", unfinished)
    # It is not asked for again.
    objects().delete(hashlib.sha256(b"x" * 1000).hexdigest())
    assert folder_hash(other.fetch()) == folder.sha256
    assert [path.name for path in other.place.parent.iterdir()] == ["digits"]


def test_ten_slots_fetch_a_file_once(
    kept: StoredFile, site: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.use()
    reads = []
    read = FolderStore.read

    def counted(self: FolderStore, sha256: str, start: int = 0) -> Any:
        reads.append(sha256)
        return read(self, sha256, start)

    monkeypatch.setattr(FolderStore, "read", counted)
    threads = [threading.Thread(target=model_on(site).fetch) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == [HASH]


def test_a_store_that_is_away_is_no_missing_file(
    kept: StoredFile, site: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.use()
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)

    def away(self: FolderStore, sha256: str, start: int = 0) -> Any:
        raise Away("The storage does not answer.")

    monkeypatch.setattr(FolderStore, "read", away)
    with pytest.raises(Away) as caught:
        model_on(site).fetch()
    assert not isinstance(caught.value, FileNotFoundError)


# --- Copies ----------------------------------------------------------------------------------


def old_copy(machine: Machine, name: str, age: float) -> StoredFile:
    file = model_on(machine, name)
    file.place.write_bytes(CONTENT)
    file.keep()
    marker = cache._marker(file.place)
    os.utime(marker, (time.time() - age, time.time() - age))
    return file


def test_the_least_recently_used_copies_go_first(settings: Any, worker: Machine) -> None:
    settings.STORAGE_CACHE_MB = 1
    files = [old_copy(worker, name, age) for name, age in (("a", 3000), ("b", 9000), ("c", 6000))]
    _, second, third = files
    second.fetch()
    # Two fit, with what was used just now.
    third.place.write_bytes(b"c" * (1 << 20))
    cache.trim()
    assert [file.place.exists() for file in files] == [True, True, False]
    assert sorted(path.name for path in (worker.root / "cached").iterdir()) == [
        "saved_models%2Fa", "saved_models%2Fb",
    ]  # fmt: skip
    # And it comes back.
    assert third.fetch().read_bytes() == CONTENT


def test_what_was_used_just_now_stays(settings: Any, worker: Machine) -> None:
    settings.STORAGE_CACHE_MB = 0
    file = old_copy(worker, "a", 3000)
    file.fetch()
    cache.trim()
    assert file.place.exists()


def test_what_is_used_while_all_copies_are_measured_stays(
    settings: Any, worker: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STORAGE_CACHE_MB = 0
    file = old_copy(worker, "a", 3000)
    measure = cache._size

    def used_meanwhile(place: Path) -> int:
        file.fetch()
        return measure(place)

    monkeypatch.setattr(cache, "_size", used_meanwhile)
    cache.trim()
    assert file.place.exists()


def test_the_only_copy_is_never_removed(settings: Any, worker: Machine) -> None:
    settings.STORAGE_CACHE_MB = 0
    file = model_on(worker, "from-before-the-store.keras")
    file.place.write_bytes(CONTENT)
    os.utime(file.place, (OLD, OLD))
    file.fetch()
    cache.trim()
    assert file.place.exists()


def test_a_copy_that_somebody_fetches_is_left_alone(settings: Any, worker: Machine) -> None:
    settings.STORAGE_CACHE_MB = 0
    file = old_copy(worker, "a", 3000)
    descriptor = try_lock(cache.lock_name(file.place))
    assert descriptor is not None
    cache.trim()
    assert file.place.exists()
    # A lock that is held outlives the sweep.
    sweep_locks()
    assert try_lock(cache.lock_name(file.place)) is None
    os.close(descriptor)
    cache.trim()
    assert not file.place.exists()


def test_a_removal_that_broke_off_is_not_gone_on_with(
    settings: Any, worker: Machine, site: Machine
) -> None:
    settings.STORAGE_CACHE_MB = 0
    folder = prepared(worker)
    folder.keep()
    left = folder.place.with_name(".digits.gone")
    left.mkdir()
    (left / "x.npy").write_bytes(b"half")
    marker = cache._marker(folder.place)
    os.utime(marker, (time.time() - 3000, time.time() - 3000))
    cache.trim()
    assert list(folder.place.parent.iterdir()) == []
    assert folder_hash(folder.fetch()) == folder.sha256


def test_broken_off_fetches_do_not_stay_for_ever(worker: Machine) -> None:
    part = worker.root / "saved_models" / ".1-1.keras.gone"
    folder = worker.root / "datasets" / ".digits.part"
    young = worker.root / "datasets" / ".iris.part"
    part.touch()
    for path in (folder, young):
        path.mkdir()
    for path in (part, folder):
        os.utime(path, (OLD, OLD))
    cache.trim()
    assert [path.exists() for path in (part, folder, young)] == [False, False, True]


def test_copies_of_another_store_stay(settings: Any, worker: Machine, tmp_path: Path) -> None:
    """It may be gone, and this one lacks the content."""
    settings.STORAGE_CACHE_MB = 0
    file = old_copy(worker, "a", 3000)
    settings.STORAGE_URL = f"file://{tmp_path}/another"
    cache.trim()
    assert file.place.exists()
    file.keep()
    marker = cache._marker(file.place)
    os.utime(marker, (time.time() - 3000, time.time() - 3000))
    cache.trim()
    assert not file.place.exists()


def test_copies_of_earlier_versions_are_of_the_only_store(settings: Any, worker: Machine) -> None:
    settings.STORAGE_CACHE_MB = 0
    file = old_copy(worker, "a", 3000)
    marker = cache._marker(file.place)
    marker.write_text("")
    os.utime(marker, (time.time() - 3000, time.time() - 3000))
    cache.trim()
    assert not file.place.exists()


# --- Collecting ------------------------------------------------------------------------------


def age(sha256: str) -> None:
    path = objects()._path(sha256)
    os.utime(path, (OLD, OLD))


def test_what_no_row_needs_is_deleted_after_a_day(worker: Machine) -> None:
    folder = prepared(worker)
    folder.keep()
    needed = {folder.sha256, *contents_of(objects(), folder.sha256).values()}
    unneeded = [objects().put_bytes(content) for content in (b"old", b"young")]
    for sha256 in (*needed, unneeded[0]):
        age(sha256)
    assert collect(objects(), lambda: needed) == 1
    assert {entry.sha256 for entry in objects().entries()} == {*needed, unneeded[1]}


def test_old_content_that_is_put_again_is_young(kept: StoredFile) -> None:
    age(HASH)

    def asked_meanwhile() -> set[str]:
        # Another machine puts the same content; its row is still to come.
        kept.keep()
        return set()

    assert collect(objects(), asked_meanwhile) == 0
    assert objects().find(HASH)


def test_what_a_crash_left_in_the_middle_of_writing_is_removed(kept: StoredFile) -> None:
    part = objects().root / ".0123.part"
    part.touch()
    collect(objects(), lambda: {HASH})
    assert part.exists()
    os.utime(part, (OLD, OLD))
    collect(objects(), lambda: {HASH})
    assert not part.exists()
