"""Each kind of store does what the contract says, on good days and on bad ones."""

import hashlib
import itertools
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.storage import s3_server
from tests.storage.s3_server import S3Server
from tuning.storage import contract, folder
from tuning.storage.collecting import collect
from tuning.storage.contract import GRACE, Away, Damaged, Missing, StorageError, Store
from tuning.storage.folder import FolderStore
from tuning.storage.s3 import S3Store
from tuning.storage.transfers import fetch, verified

CONTENT = os.urandom(300_000)
HASH = hashlib.sha256(CONTENT).hexdigest()
OTHER_HASH = hashlib.sha256(b"other").hexdigest()
FUTURE = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    server: S3Server = request.getfixturevalue("s3")
    return S3Store(s3_server.BUCKET, tmp_path.name, server.endpoint, "us-east-1", part=100_000)


@pytest.fixture
def s3_store(s3: S3Server, tmp_path: Path) -> S3Store:
    return S3Store(s3_server.BUCKET, tmp_path.name, s3.endpoint, "us-east-1", part=100_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow the machine is: what counts is how often it is tried again.
    monkeypatch.setattr(contract, "PERSON_WAITS", 600.0)


def test_content_comes_back_from_any_byte_on(store: Store, file: Path) -> None:
    assert store.put(file) == HASH
    assert b"".join(store.read(HASH)) == CONTENT
    assert b"".join(store.read(HASH, 299_000)) == CONTENT[299_000:]
    assert b"".join(store.read(HASH, len(CONTENT))) == b""
    assert b"".join(verified(store, HASH)) == CONTENT


def test_an_empty_file_is_content(store: Store, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    digest = store.put(tmp_path / "empty")
    fetch(store, digest, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b""


def test_bytes_are_content_as_files_are(store: Store) -> None:
    assert store.put_bytes(CONTENT) == HASH
    assert b"".join(store.read(HASH)) == CONTENT


def test_content_is_found_by_its_hash(store: Store, file: Path) -> None:
    assert store.find(HASH) is None
    store.put(file)
    entry = store.find(HASH)
    assert entry is not None
    assert (entry.sha256, entry.size) == (HASH, len(CONTENT))
    assert abs(entry.modified - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_is_not_there_is_missing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        list(store.read(OTHER_HASH))
    with pytest.raises(FileNotFoundError):
        fetch(store, OTHER_HASH, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_all_content_is_listed(store: Store, file: Path) -> None:
    assert list(store.entries()) == []
    store.put(file)
    store.put_bytes(b"other")
    found = {entry.sha256: entry.size for entry in store.entries()}
    assert found == {HASH: len(CONTENT), OTHER_HASH: 5}


def test_discarded_content_comes_back_and_deleted_content_is_gone(store: Store, file: Path) -> None:
    store.put(file)
    assert not store.discard(HASH, older_than=datetime.now(UTC) - timedelta(hours=1))
    assert store.discard(HASH, older_than=FUTURE)
    assert list(store.entries()) == []
    # Whoever looks for it gets it back.
    assert [entry.sha256 for entry in store.discarded()] == [HASH]
    assert store.find(HASH)
    assert list(store.discarded()) == []
    assert store.discard(HASH, older_than=FUTURE)
    assert b"".join(verified(store, HASH)) == CONTENT
    assert not store.recover(HASH)
    assert store.delete(HASH)
    assert store.find(HASH) is None
    assert not store.delete(HASH)
    assert not store.discard(HASH, older_than=FUTURE)


def test_a_heartbeat_can_end_writing_and_leaves_nothing(store: Store, file: Path) -> None:
    class Ended(Exception):
        pass

    calls = iter(range(100))

    def heartbeat() -> None:
        if next(calls) > 0:
            raise Ended

    with pytest.raises((Ended, StorageError)):
        store.put(file, heartbeat)
    assert list(store.entries()) == []
    store.clear_unfinished(FUTURE)


def test_a_file_is_fetched_with_the_rights_of_its_folder(
    store: Store, file: Path, tmp_path: Path
) -> None:
    store.put(file)
    folder = tmp_path / "folder"
    folder.mkdir()
    # Whatever the umask is.
    folder.chmod(0o750)
    fetch(store, HASH, folder / "target")
    assert (folder / "target").read_bytes() == CONTENT
    assert (folder / "target").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in folder.iterdir()] == ["target"]


@pytest.mark.parametrize("left", [CONTENT[:200_000], CONTENT], ids=["a part", "all"])
def test_fetching_goes_on_where_it_broke_off(
    store: Store, file: Path, tmp_path: Path, left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(file)
    (tmp_path / ".target.part").write_bytes(left)
    starts = []
    read = store.read

    def counted(sha256: str, start: int = 0) -> Iterator[bytes]:
        starts.append(start)
        return read(sha256, start)

    monkeypatch.setattr(store, "read", counted)
    fetch(store, HASH, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == CONTENT
    assert starts == [len(left)]


@pytest.mark.parametrize("left", [b"x" * 200_000, b"x" * 400_000], ids=["shorter", "longer"])
def test_what_was_left_damaged_is_fetched_anew(
    store: Store, file: Path, tmp_path: Path, left: bytes
) -> None:
    store.put(file)
    (tmp_path / ".target.part").write_bytes(left)
    fetch(store, HASH, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == CONTENT


def test_damaged_content_is_never_handed_out(
    store: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(file)
    read = store.read

    def damaged(sha256: str, start: int = 0) -> Iterator[bytes]:
        for piece in read(sha256, start):
            yield bytes([piece[0] ^ 1]) + piece[1:]

    monkeypatch.setattr(store, "read", damaged)
    with pytest.raises(Damaged):
        fetch(store, HASH, tmp_path / "target")
    assert list(tmp_path.glob("*target*")) == []
    with pytest.raises(Damaged):
        list(verified(store, HASH))


# --- Collecting ------------------------------------------------------------------------------

OLD = 2 * GRACE


def grow_old(store: Store, request: pytest.FixtureRequest) -> None:
    if isinstance(store, FolderStore):
        long_ago = (datetime.now(UTC) - OLD).timestamp()
        for path in store.root.rglob("*"):
            if path.is_file():
                os.utime(path, (long_ago, long_ago))
    else:
        request.getfixturevalue("s3").age(OLD)


def test_what_nobody_needs_is_deleted_a_day_after_it_was_discarded(
    store: Store, request: pytest.FixtureRequest
) -> None:
    store.put_bytes(CONTENT)
    assert collect(store, set) == 0
    grow_old(store, request)
    assert collect(store, set) == 1
    assert collect(store, set) == 0
    assert [entry.sha256 for entry in store.discarded()] == [HASH]
    grow_old(store, request)
    collect(store, set)
    assert list(store.discarded()) == []
    assert store.find(HASH) is None


@contextmanager
def interrupted(store: Store, at: int, act: Callable[[], object]) -> Iterator[list[int]]:
    """Another machine acts just before this step of the store, counted from 0. The list has the
    step once it did."""
    step, acted = 0, []

    def before(request: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal step
            # The server's threads, and what the other machine does, are no steps.
            if threading.current_thread() is threading.main_thread() and not acted:
                step += 1
                if step == at + 1:
                    acted.append(at)
                    act()
            return request(*args, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        if isinstance(store, S3Store):
            patch.setattr(store.bucket, "once", before(store.bucket.once))
        else:
            for name in ("rename", "stat", "unlink"):
                patch.setattr(Path, name, before(getattr(Path, name)))
            patch.setattr(folder.os, "utime", before(os.utime))
        yield acted


@pytest.mark.slow
@pytest.mark.parametrize("sees_it", [True, False], ids=["there already", "about to be collected"])
def test_content_that_is_put_while_it_is_collected_is_never_lost(
    store: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, sees_it: bool
) -> None:
    """Between any two steps of the collector, another machine puts the content and writes a row."""
    if sees_it:
        # As a machine whose clock is late.
        monkeypatch.setattr(contract, "GRACE", 10 * GRACE)
    needed: set[str] = set()

    def put() -> None:
        store.put_bytes(CONTENT)
        needed.add(HASH)

    for at in itertools.count():
        needed.clear()
        store.delete(HASH)
        store.put_bytes(CONTENT)
        grow_old(store, request)
        with interrupted(store, at, put) as acted:
            collect(store, lambda: set(needed))
        if not acted:
            break
        assert b"".join(verified(store, HASH)) == CONTENT, f"read at once, step {at}"
        for _ in range(2):
            grow_old(store, request)
            collect(store, lambda: set(needed))
        assert [entry.sha256 for entry in store.entries()] == [HASH], f"step {at}"
    # It looks, moves and deletes.
    assert at >= 3


def test_content_that_is_collected_while_it_is_put_is_never_lost(
    store: Store, request: pytest.FixtureRequest
) -> None:
    if isinstance(store, S3Store):
        # In one request: moto says of all parts that they have been there since 2010.
        store.bucket.part = len(CONTENT)
    for at in itertools.count():
        store.delete(HASH)
        store.put_bytes(CONTENT)
        grow_old(store, request)
        with interrupted(store, at, lambda: collect(store, set)) as acted:
            store.put_bytes(CONTENT)
        assert b"".join(verified(store, HASH)) == CONTENT, f"step {at}"
        if not acted:
            break
    # It looks, and writes.
    assert at >= 2


# --- A bad connection ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("fault", [s3_server.busy, s3_server.lost, s3_server.slow])
def test_requests_that_fail_are_sent_again(
    s3: S3Server, s3_store: S3Store, file: Path, fault: object
) -> None:
    for _ in range(7):
        # Each second one.
        s3.faults.extend([fault, None])  # type: ignore[list-item]
    assert s3_store.put(file) == HASH
    s3.faults.clear()
    assert b"".join(s3_store.read(HASH)) == CONTENT


def test_a_broken_download_goes_on_at_the_byte_that_is_missing(
    s3: S3Server, s3_store: S3Store, file: Path, tmp_path: Path
) -> None:
    s3_store.put(file)
    s3.ranges.clear()
    s3.faults.extend([s3_server.broken, s3_server.busy])
    fetch(s3_store, HASH, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == CONTENT
    assert s3.ranges[0] == "bytes=0-"
    # What was in the client's buffer when the connection broke is asked for again.
    first = int(s3.ranges[-1].removeprefix("bytes=").removesuffix("-"))
    assert 0 <= first <= len(CONTENT) // 2


def test_a_download_that_changed_on_the_way_is_no_file(
    s3: S3Server, s3_store: S3Store, file: Path, tmp_path: Path
) -> None:
    s3_store.put(file)
    s3.faults.append(s3_server.changed)
    with pytest.raises(Damaged):
        fetch(s3_store, HASH, tmp_path / "target")
    assert list(tmp_path.glob("*target*")) == []


def test_a_store_that_stays_away_is_said_to_be_away(
    s3: S3Server, s3_store: S3Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "PERSON_WAITS", 0.0)
    s3.faults.extend([s3_server.busy] * 50)
    with pytest.raises(Away):
        s3_store.put(file)
    s3.faults.clear()
    assert list(s3_store.entries()) == []


def test_a_refusal_is_not_tried_again(s3: S3Server, file: Path) -> None:
    store = S3Store("another-bucket", "", s3.endpoint, "us-east-1")
    s3.requests.clear()
    with pytest.raises(StorageError, match="NoSuchBucket") as caught:
        store.put(file)
    assert not isinstance(caught.value, Away)
    assert len(s3.requests) == 2


def test_unfinished_parts_are_removed_once_they_are_old(
    s3: S3Server, s3_store: S3Store, file: Path
) -> None:
    # A crash between the parts: nothing is aborted.
    s3_store.bucket.once("create_multipart_upload", f"objects/{HASH}")

    def uploads() -> list[object]:
        return [page.get("Uploads") for page in s3_store.bucket.pages("list_multipart_uploads", "")]

    # moto says of all that they began in 2010.
    s3_store.clear_unfinished(datetime(2010, 1, 1, tzinfo=UTC))
    assert uploads() != [None]
    s3_store.clear_unfinished(FUTURE)
    assert uploads() == [None]


def test_a_large_copy_goes_in_parts(s3: S3Server, s3_store: S3Store) -> None:
    s3_store.put_bytes(CONTENT)
    s3_store.bucket.copied_at_once = 120_000
    assert s3_store.discard(HASH, older_than=FUTURE)
    assert s3_store.recover(HASH)
    assert b"".join(verified(s3_store, HASH)) == CONTENT


def test_a_signed_address_gives_the_file_under_its_name(s3_store: S3Store, file: Path) -> None:
    s3_store.put(file)
    address = s3_store.address(HASH, "digits-model-1.keras", 60)
    with urllib.request.urlopen(address) as answer:  # noqa: S310  our own server
        assert answer.read() == CONTENT
        disposition = answer.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="digits-model-1.keras"'
