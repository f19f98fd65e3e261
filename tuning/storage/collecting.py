"""What no row refers to leaves the store: deleted with its row, or left by a crash before there was
one.

It lies in the trash for a day first. Another machine may put the same content at any moment, see
that it is there, and write its row: then it is moved back, by the next pass or whoever reads it.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime

from .contract import GRACE, Store


def collect(
    of: Store, needed: Callable[[], set[str]], uploads: Callable[[], Collection[str]] = tuple
) -> int:
    """Discard content that is not `needed` (by its hashes) and was not put for a day, and delete
    what was discarded a day ago. `uploads` are keys of files that browsers still send. Returns how
    much was discarded. Raises StorageError."""
    limit = datetime.now(UTC) - GRACE
    old = {entry.sha256 for entry in of.entries() if entry.modified < limit}
    count = sum(of.discard(sha256, older_than=limit) for sha256 in old - needed()) if old else 0
    discarded = list(of.discarded())
    # Asked afterwards: whoever saw that it was there has written a row since, or puts it again.
    found = needed() if discarded else set()
    for entry in discarded:
        if entry.sha256 in found:
            of.recover(entry.sha256)
        elif entry.modified < limit:
            of.delete_discarded(entry.sha256)
    of.clear_unfinished(limit, keep=uploads())
    return count
