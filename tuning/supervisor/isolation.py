"""Which layers between template code and the rest are active on this machine.

Not what the kernel claims: a runner is started that tries what should be denied
(tuning/runner/probe.py), and the layers are judged by what happened.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from .runners import MAIN, Device, environment, spawn

PROBE_SECONDS = 30

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


def probe() -> list[Layer]:
    """The layers from the outside in. Takes about a tenth of a second."""
    held = _try()
    files = held.get("read_files", False) and held.get("write_files", False)
    others = held.get("read_processes", False) and held.get("signal_processes", False)
    calls = held.get("unix_sockets", False) and held.get("namespaces", False)
    return [
        Layer(0, "Own process", bool(held), "Own session, empty private folder, no credentials."),
        Layer(
            0,
            "Ends with its worker",
            held.get("dies_with_parent", False),
            "The kernel ends it when the worker dies.",
        ),
        Layer(
            0,
            "No new privileges",
            held.get("no_new_privileges", False),
            "Programs with special rights give none.",
        ),
        Layer(1, "Files", files, "Sees Python, its dataset and its own folder only (Landlock)."),
        Layer(1, "Processes", others, "Cannot read or signal other processes (Landlock)."),
        Layer(1, "Ports", held.get("connect", False), _ports_text(held)),
        Layer(2, "System calls", calls, "No local sockets, tracing or namespaces (seccomp)."),
    ]


def _ports_text(held: Held) -> str:
    if held.get("ip_sockets"):
        return "No network at all (RUNNER_NETWORK=0)."
    if not settings.RUNNER_NETWORK:
        return "No connections (Landlock)."
    return "Web addresses only, ports 80 and 443 (Landlock). RUNNER_NETWORK=0 takes those too."


def _try() -> Held:
    """What a hardened process could not do; empty if it did not even start."""
    secret = Path(settings.DATA_ROOT) / "secret_key"
    forbidden = secret if secret.exists() else Path(settings.BASE_DIR) / "manage.py"
    with tempfile.TemporaryDirectory(dir=settings.RUNNERS_ROOT) as folder:
        command = [sys.executable, "-I", str(MAIN), "--parent-pid", str(os.getpid())]
        process = spawn(
            [*command, "--probe", str(forbidden)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment(Device(), Path(folder)),
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=PROBE_SECONDS)
            held: Held = json.loads(output)
        except (subprocess.TimeoutExpired, ValueError):
            process.kill()
            process.communicate()
            return {}
        return held
