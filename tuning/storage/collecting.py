"""What no row refers to leaves the store: deleted with its row, or left by a crash before there was
one."""

from collections.abc import Callable
from datetime import UTC, datetime

from .contract import GRACE, Store


def collect(of: Store, needed: Callable[[], set[str]]) -> int:
    """Delete content that is not `needed` (by its hashes) and was not put for a day. Returns how
    much was deleted. Raises StorageError."""
    limit = datetime.now(UTC) - GRACE
    old = {entry.sha256 for entry in of.entries() if entry.modified < limit}
    # Asked afterwards: whoever needs old content by now has written a row, or puts it again.
    count = sum(of.delete(sha256, older_than=limit) for sha256 in old - needed()) if old else 0
    of.clear_unfinished(limit)
    return count
