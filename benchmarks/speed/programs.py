"""The programs that are compared, and how a peer's script runs."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import data
from .watching import Watch, bytes_in
from .workloads import BUILDERS, Workload, configurations

PLAIN, CHIEF, OPTUNA = "kerastuner", "chief", "optuna"
SCRIPTS = Path(__file__).resolve().parent / "scripts"
# Many times what a program needs.
SECONDS = 900
# Threads of each process of a peer: TensorFlow's and BLAS's default, as many as there are cores, or
# one.
DEFAULT, ONE = "default", "one"
ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Seconds: from a script's first line or from pressing Start to the end of the last trial;
    `search_seconds`: without imports and reading data, which Tuneroom has done before Start."""

    seconds: float
    search_seconds: float
    trials: int
    epochs: int
    best: float
    peak_bytes: int
    disk_bytes: int
    graph_share: float | None = None


class ProgramFailed(Exception):
    """Its text is the end of the program's log."""


class Material:
    """`folder`: one with what a workload's scripts read; made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, workload: Workload) -> Path:
        folder = self.folder / workload.rows
        if not folder.exists():
            folder.mkdir(parents=True)
            data.write(workload.rows, folder)
        return folder

    def builder(self, workload: Workload, sampled: bool) -> Path:
        """The file of the workload's models; one that samples where the processor time goes."""
        path = self.folder / f"{workload.builder}{'_sampled' if sampled else ''}.py"
        code = (BUILDERS / f"{workload.builder}.py").read_text()
        if sampled:
            code += "\n\n" + (BUILDERS / "sampling.py").read_text()
        path.write_text(code)
        return path


@dataclass(frozen=True)
class Peer:
    """`roles`: the script's processes, by their arguments and environment."""

    title: str
    script: str
    roles: tuple[str, ...]

    @property
    def has_cores_to_spare(self) -> bool:
        """Whether its processes could use more threads than one each."""
        return len([role for role in self.roles if role != CHIEF]) < (os.cpu_count() or 1)

    def run(
        self, workload: Workload, material: Material, seed: int, sampled: bool = False,
        threads: str = ONE,
    ) -> Measured:  # fmt: skip
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            self._fill(folder, workload, material, seed, sampled)
            before = bytes_in(folder)
            began = time.time()
            processes = self._start(folder, ONE_THREAD if threads == ONE else {})
            try:
                with Watch([each.pid for each in processes.values()], folder) as watch:
                    self._wait(processes, folder)
            finally:
                for process in processes.values():
                    process.kill()
                    process.wait()
            events = [event for role in self.roles for event in _events(folder / f"{role}.log")]
            return _measured(events, began, watch, bytes_in(folder) - before)

    def _fill(
        self, folder: Path, workload: Workload, material: Material, seed: int, sampled: bool
    ) -> None:
        settings = asdict(workload) | {
            "objective": workload.objective, "all_epochs": workload.all_epochs, "seed": seed,
        }  # fmt: skip
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "configurations.json").write_text(json.dumps(configurations(workload)))
        shutil.copy(material.rows(workload) / "rows.npz", folder)
        shutil.copy(material.builder(workload, sampled), folder / "builder.py")
        shutil.copy(SCRIPTS / f"{self.script}.py", folder / "script.py")

    def _start(self, folder: Path, threads: dict[str, str]) -> dict[str, subprocess.Popen[bytes]]:
        port = _free_port()
        processes = {}
        for role in self.roles:
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **threads}
            if "chief" in self.roles:
                environment |= {
                    "KERASTUNER_TUNER_ID": role, "KERASTUNER_ORACLE_IP": "127.0.0.1",
                    "KERASTUNER_ORACLE_PORT": port,
                }  # fmt: skip
            with (folder / f"{role}.log").open("wb") as log:
                processes[role] = subprocess.Popen(
                    [sys.executable, "script.py", role], cwd=folder, env=environment,
                    stdout=log, stderr=subprocess.STDOUT,
                )  # fmt: skip
        return processes

    def _wait(self, processes: dict[str, subprocess.Popen[bytes]], folder: Path) -> None:
        """Until all have ended; KerasTuner's chief never does by itself."""
        deadline = time.monotonic() + SECONDS
        waited = {role: process for role, process in processes.items() if role != "chief"}
        while any(process.poll() is None for process in waited.values()):
            for role, process in processes.items():
                if process.poll():
                    raise ProgramFailed(f"{role}: {_end_of(folder / f'{role}.log')}")
            if time.monotonic() > deadline:
                raise ProgramFailed(f"It did not end within {SECONDS} s.")
            time.sleep(0.05)
        for role, process in waited.items():
            if process.returncode:
                raise ProgramFailed(f"{role}: {_end_of(folder / f'{role}.log')}")


def _measured(events: list[dict[str, Any]], began: float, watch: Watch, disk: int) -> Measured:
    searches = [event["time"] for event in events if event["event"] == "search"]
    ends = [event for event in events if event["event"] == "end"]
    last = max(ends, key=lambda event: float(event["time"]))
    return Measured(
        last["time"] - began, last["time"] - min(searches), last["trials"], last["epochs"],
        last["best"], watch.peak_bytes, disk, watch.graph_share,
    )  # fmt: skip


def _events(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"time"')]


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


PEERS = {
    PLAIN: Peer("KerasTuner script", "kerastuner_search", ("alone",)),
    CHIEF: Peer(
        "KerasTuner, chief and 2 workers", "kerastuner_search", ("chief", "worker-1", "worker-2")
    ),
    OPTUNA: Peer("Optuna, 2 processes", "optuna_search", ("first", "second")),
}  # fmt: skip
