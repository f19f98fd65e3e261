"""Names of workers: each has its own, for as long as its process lives."""

import hashlib
from itertools import chain, count

from tuning.storage.locks import try_lock


def unique_name(name: str) -> str:
    """A worker's name, or one like it if a living process has that one already. It stays this
    process's own for as long as it lives."""
    candidates = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(candidate for candidate in candidates if _reserve(candidate))


def _reserve(name: str) -> bool:
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    descriptor = try_lock(f"worker-{digest}")
    if descriptor is not None:
        _reserved.append(descriptor)
    return descriptor is not None


# Descriptors that are never closed.
_reserved: list[int] = []
