"""Which workers may work with which database while a new version is rolled out worker by worker.

The site is updated first: `make setup` changes the database and writes these numbers into it
(`models/workers.py`, `Release`). A worker compares them with its own at its start and at every
heartbeat. Workers whose protocol lies between the two go on beside new ones; others take no work
and say why.

Raise WORKER_PROTOCOL with every change after which old and new workers write other things into the
same columns, and OLDEST_WORKER_PROTOCOL to the first one that can read what new ones write. New
columns with a default of the database need neither.
"""

import hashlib
from functools import cache
from pathlib import Path

WORKER_PROTOCOL = 1
OLDEST_WORKER_PROTOCOL = 1

_ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGES = ("tuning", "webapp")


@cache
def build() -> str:
    """Short and equal wherever the code is: what tells an old worker from a new one."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(f"{path.relative_to(_ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def refusal(protocol: int, database: int, oldest: int) -> str:
    """Why a worker of this protocol may not work with the database; "" if it may."""
    if protocol < oldest:
        return (
            f"This worker is too old for the database (protocol {protocol}, at least {oldest} is "
            "needed). Update it to the site's version and start it again."
        )
    if protocol > database:
        return (
            f"This worker is newer than the database (protocol {protocol}, the database has "
            f"{database}). Update the site first: make setup"
        )
    return ""
