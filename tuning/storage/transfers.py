"""Fetching from a store: verified, and resumed where it broke off."""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .contract import (
    PIECE,
    Away,
    Damaged,
    Heartbeat,
    Missing,
    Store,
    beat_while_away,
    no_heartbeat,
    patience_of,
)


def pieces(
    store: Store, sha256: str, start: int = 0, heartbeat: Heartbeat = no_heartbeat
) -> Iterator[bytes]:
    """The content from this byte on, however often the connection breaks meanwhile. Not verified.
    Raises Missing, Away."""

    def read(start: int) -> Iterator[bytes]:
        try:
            yield from store.read(sha256, start)
        except Missing:
            # Put by a machine that saw it there, just before another one discarded it.
            if not store.recover(sha256):
                raise
            yield from store.read(sha256, start)

    return resumed(read, start, heartbeat)


def resumed(
    read: Callable[[int], Iterator[bytes]], start: int = 0, heartbeat: Heartbeat = no_heartbeat
) -> Iterator[bytes]:
    """What `read` gives from a byte on, gone on with whenever it is Away."""
    patience, wait, heard = patience_of(heartbeat), 0.1, time.monotonic()
    while True:
        try:
            for piece in read(start):
                start += len(piece)
                wait, heard = 0.1, time.monotonic()
                yield piece
                heartbeat()
            return
        except Away:
            if time.monotonic() + wait > heard + patience:
                raise
        beat_while_away(heartbeat)
        time.sleep(wait)
        wait = min(2 * wait, 5.0)


def verified(store: Store, sha256: str, heartbeat: Heartbeat = no_heartbeat) -> Iterator[bytes]:
    """All content, of which the last piece only comes if all are what the hash says. Raises
    Missing, Away, Damaged."""
    digest, held = hashlib.sha256(), b""
    for piece in pieces(store, sha256, heartbeat=heartbeat):
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise Damaged(f"The storage's copy of {sha256} is damaged.")
    yield held


def try_out(store: Store) -> None:
    """Write and read something small. Raises StorageError."""
    content = b"Tuneroom can write here.\n"
    # It is collected with all that no row refers to.
    store.delete(hashlib.sha256(content).hexdigest())
    if b"".join(verified(store, store.put_bytes(content))) != content:
        raise Damaged("The storage gives back other content than it got.")


def fetch(store: Store, sha256: str, target: Path, heartbeat: Heartbeat = no_heartbeat) -> None:
    """Have the content in a file, as readable as its folder. What an earlier attempt has left of it
    is used. One at a time for each target: the caller sees to that. Raises Missing, Away,
    Damaged."""
    part = target.with_name(f".{target.name}.part")
    resumed = part.exists()
    if _fill(store, sha256, part, heartbeat) != sha256:
        part.unlink()
        # What was left may have been damaged: by a crash, or a full disk.
        if not resumed or _fill(store, sha256, part, heartbeat) != sha256:
            part.unlink(missing_ok=True)
            raise Damaged(f"The storage's copy of {sha256} is damaged.")
    part.chmod(stat.S_IMODE(target.parent.stat().st_mode) & 0o640)
    part.rename(target)


def _fill(store: Store, sha256: str, part: Path, heartbeat: Heartbeat) -> str:
    """The SHA-256 of the whole file, once the rest of it is there."""
    digest, size = hashlib.sha256(), 0
    with part.open("ab+") as file:
        file.seek(0)
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
            heartbeat()
        for piece in pieces(store, sha256, size, heartbeat):
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
