"""Which layers between template code and the rest are active on this machine.

Not what the kernel claims: a runner is started that tries what should be denied
(tuning/runner/sandbox/probe.py), and the layers are judged by what happened.

Level 4 needs level 3: in its own view of the files another user reaches a Python that lies below
`/root` and the data folder's inner folders, as far as they are shown. At a worker's start
(`tuning/supervisor/isolation.py`) a runner is started at the highest level and tries what is
denied (`tuning/runner/sandbox/probe.py`) and whether it could work; if not, the next lower level
is tried. The workers page and `manage.py doctor` show what held, layer by layer. An ordinary user
reaches 3 where the kernel allows user namespaces, else 2, which is also what Docker's default
profile leaves.
"""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from .launch import PROBED, Device, command, environment
from .spawner import spawn

PROBE_SECONDS = 30
OWN_VIEW = 3
OWN_USER = HIGHEST_LEVEL = 4

Held = dict[str, bool]


@dataclass(frozen=True)
class Layer:
    """One layer. `level` is what SANDBOX_MIN_LEVEL counts; `detail` is a sentence for people."""

    level: int
    name: str
    active: bool
    detail: str

    def as_json(self) -> dict[str, str | bool | int]:
        return asdict(self)


def level() -> int:
    """How far runners on this machine are shut in: the highest level, up to SANDBOX_LEVEL, at which
    one starts and can do its work. Tried out once."""
    return _reach(_wishes())[0]


def hides_shared_memory() -> bool:
    """Whether runners have none: neither the machine's nor their own."""
    reached, held = _reach(_wishes())
    return reached < OWN_VIEW and held.get("write_files", False)


def probe() -> list[Layer]:
    """The layers from the outside in. Takes a few tenths of a second the first time."""
    reached, held = _reach(_wishes())
    files = held.get("read_files", False) and held.get("write_files", False)
    others = all(held.get(f"{what}_processes", False) for what in ("read", "signal", "change"))
    calls = held.get("unix_sockets", False) and held.get("new_namespace", False)
    return [
        Layer(
            0, "Separate process", bool(held),
            "Own session, empty private folder, no credentials; limits on memory, processes, files "
            "and disk, counted twice a second.",
        ),
        Layer(
            0, "Ends with its worker", held.get("dies_with_parent", False),
            "All processes that it started end too, including detached ones.",
        ),
        Layer(
            0, "No privileges", held.get("no_privileges", False),
            "No root privileges, and no program can grant them.",
        ),
        Layer(1, "Files", files, "Can access only Python, its dataset and its folder (Landlock)."),
        Layer(
            1, "Processes", others,
            "Cannot read, signal or change other processes (Landlock and seccomp).",
        ),
        Layer(1, "Ports", held.get("connect", False), _ports_text(held)),
        Layer(2, "System calls", calls, "No local sockets, tracing or namespaces (seccomp)."),
        Layer(3, "Isolated view of the machine", held.get("own_view", False), _view_text(reached)),
        Layer(4, "Separate user", held.get("own_user", False), _user_text(reached)),
    ]  # fmt: skip


def _ports_text(held: Held) -> str:
    if not held.get("connect"):
        return "Keras downloads are blocked, but template code can open connections."
    if settings.RUNNER_NETWORK:
        return (
            "Templates can connect to ports 80 and 443 (RUNNER_NETWORK=1). Other protocols than "
            "TCP are not blocked."
        )
    return "Templates have no network. The worker downloads files for them."


def _view_text(reached: int) -> str:
    if reached >= 3:
        return "Other files, processes and shared memory are invisible (namespaces)."
    if settings.SANDBOX_LEVEL < 3:
        return f"Switched off: SANDBOX_LEVEL is {settings.SANDBOX_LEVEL}."
    return "The kernel does not allow this worker to create namespaces."


def _user_text(reached: int) -> str:
    if reached >= 4:
        return "Each runner has its own user without an account or other files."
    if settings.SANDBOX_LEVEL < 4 or not settings.RUNNER_USERS:
        return "Switched off by SANDBOX_LEVEL or RUNNER_USERS."
    if os.geteuid() != 0:
        return "Runs as the worker's user because only root can switch users."
    return "Runs as root without privileges because switching users failed."


class _Wishes(NamedTuple):
    """The settings that decide what is reached."""

    level: int
    users: int
    network: bool


def _wishes() -> _Wishes:
    return _Wishes(settings.SANDBOX_LEVEL, settings.RUNNER_USERS, settings.RUNNER_NETWORK)


@cache
def _reach(wishes: _Wishes) -> tuple[int, Held]:
    """The level that is reached, and what a hardened process could not do there."""
    for tried in range(min(wishes.level, HIGHEST_LEVEL), -1, -1):
        if tried >= OWN_USER:
            if os.geteuid() != 0 or not wishes.users:
                continue
            _share_with_runners(wishes.users)
        held = _try(tried)
        if held.pop("works", False):
            return tried, held
    return 0, {}


def _share_with_runners(group: int) -> None:
    """Let the runners' group read what they work with; nobody else gains anything."""
    for root in (Path(settings.DATASETS_ROOT), Path(settings.DOWNLOADS_ROOT)):
        for path in (root, *root.rglob("*")):
            # Others may be working here: what vanishes needs no rights.
            with contextlib.suppress(OSError):
                if path.is_symlink():
                    continue
                os.chown(path, -1, group)
                # New folders inherit the group.
                path.chmod(0o2750 if path.is_dir() else 0o640)


def _try(level: int) -> Held:
    """What a hardened process could not do; empty if it did not even start."""
    secret = Path(settings.DATA_ROOT) / "secret_key"
    forbidden = secret if secret.exists() else Path(settings.BASE_DIR) / "manage.py"
    folder = tempfile.mkdtemp(dir=settings.RUNNERS_ROOT)
    try:
        process = spawn(
            command(PROBED, "--probe", str(forbidden)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment(Device(), Path(folder), level),
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=PROBE_SECONDS)
            held: Held = json.loads(output)
        except (subprocess.TimeoutExpired, ValueError):
            process.terminate()
            process.communicate()
            return {}
        finally:
            spawn.forget(process.pid)
        return held
    finally:
        shutil.rmtree(folder, ignore_errors=True)
