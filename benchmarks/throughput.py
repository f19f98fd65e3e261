"""The same trials by Tuneroom, KerasTuner and Optuna: which is how many times as fast?

    .venv/bin/python benchmarks/throughput.py --page

Five workloads (`speed/workloads.py`), each trained by five programs: Tuneroom with two slots and
with one, a KerasTuner script, KerasTuner's chief with two workers, and two processes of an Optuna
script. In each round every program has its turn; reported are medians over the rounds. Before the
first round comes a rehearsal with fewer trials, in which samples show where the processor time
goes. What was measured is kept in `benchmarks/.throughput`, so that `--resume` goes on with what is
missing, and `--kept --page` writes docs/throughput.md again without measuring.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.speed import page, results  # noqa: E402
from benchmarks.speed.programs import DEFAULT, ONE, PEERS, Material, Measured  # noqa: E402
from benchmarks.speed.results import ONE_SLOT, REHEARSAL, TUNEROOM, Results, Run  # noqa: E402
from benchmarks.speed.tuneroom_program import Tuneroom, tuneroom  # noqa: E402
from benchmarks.speed.workloads import WORKLOADS, Workload, smaller  # noqa: E402

SLOTS = {TUNEROOM: 2, ONE_SLOT: 1}
REHEARSED, QUICK = 0.25, 0.1
BEST = "best"


def main() -> None:
    options = _options()
    path = results.KEPT / ("quick.json" if options.quick else "results.json")
    measured = _kept(path, options)
    if not options.kept:
        try:
            _measure(measured, options)
        except KeyboardInterrupt:
            print("Interrupted: medians over what was measured. --resume measures the rest.")
    for workload in WORKLOADS:
        _print(workload, measured)
    if options.page:
        page.write(measured)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--workloads", nargs="+", choices=names, default=names)
    programs = list(results.TITLES)
    parser.add_argument("--programs", nargs="+", choices=programs, default=programs)
    parser.add_argument(
        "--threads", choices=(BEST, ONE, DEFAULT), default=BEST,
        help="of each peer's process: what is faster in the rehearsal, or always one, or as many "
        "as there are cores",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials, one round")
    parser.add_argument("--resume", action="store_true", help="measure only what is missing")
    parser.add_argument("--kept", action="store_true", help="measure nothing")
    parser.add_argument("--page", action="store_true", help="write docs/throughput.md")
    return parser.parse_args()


def _kept(path: Path, options: Any) -> Results:
    if (options.kept or options.resume) and path.exists():
        found = Results.load(path)
        if options.resume:
            # What failed is tried again.
            found.runs = [run for run in found.runs if run.measured]
        return found
    if options.kept:
        raise SystemExit("Nothing has been measured yet.")
    return Results(results.machine(), path=path)


def _measure(measured: Results, options: Any) -> None:
    workloads = [workload for workload in WORKLOADS if workload.name in options.workloads]
    rounds = 1 if options.quick else options.rounds
    print(f"About {_minutes(workloads, options.programs, rounds, options.quick):.0f} minutes on 2 "
          "idle cores.", flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        material = Material(Path(temporary) / "material")
        for number in range(REHEARSAL, rounds + 1):
            for program in options.programs:
                jobs = [
                    (each, threads)
                    for each in workloads
                    for threads in _threads(program, number, each, measured, options.threads)
                    if not measured.has(each.name, program, number, threads)
                ]
                if jobs:
                    _turn(program, number, jobs, material, measured, options.quick)


def _threads(
    program: str, number: int, workload: Workload, measured: Results, wanted: str
) -> list[str]:
    """Of each process of a peer: one where there are no more cores than processes; otherwise both
    in the rehearsal, then what was faster there."""
    if program not in PEERS:
        return [""]
    if wanted != BEST:
        return [wanted]
    if number == REHEARSAL:
        return [DEFAULT, ONE] if PEERS[program].has_cores_to_spare else [ONE]
    return [measured.best_threads(workload.name, program)]


def _turn(
    program: str, number: int, jobs: list[tuple[Workload, str]], material: Material,
    measured: Results, quick: bool,
) -> None:  # fmt: skip
    """All workloads by one program in one round."""
    share = QUICK if quick else REHEARSED if number == REHEARSAL else 1.0
    left = list(jobs)
    try:
        with _started(program, material.folder / "tuneroom") as start:
            while left:
                workload, threads = left.pop(0)
                run = Run(workload.name, program, number, threads=threads)
                one = smaller(workload, share) if share < 1 else workload
                began = time.monotonic()
                run = _tried(run, partial(start, one, material, number + 1, not number, threads))
                measured.add(run)
                _tell(run, time.monotonic() - began)
    except (SystemExit, OSError, subprocess.SubprocessError) as error:
        # A Tuneroom that did not start.
        for workload, threads in left:
            run = Run(workload.name, program, number, failure=repr(error), threads=threads)
            measured.add(run)
            _tell(run, 0.0)


def _tried(run: Run, job: Callable[[], Measured]) -> Run:
    try:
        return replace(run, measured=job())
    except Exception as error:  # noqa: BLE001  the others go on, and the page says it
        return replace(run, failure=f"{error}" or repr(error))


@contextmanager
def _started(program: str, folder: Path) -> Iterator[Callable[..., Measured]]:
    if program in PEERS:
        yield PEERS[program].run
        return
    with tuneroom(folder, SLOTS=str(SLOTS[program])) as running:
        yield Tuneroom(running, SLOTS[program]).run


def _minutes(workloads: list[Workload], programs: list[str], rounds: int, quick: bool) -> float:
    whole = sum(workload.minutes for workload in workloads) * len(programs) / len(results.TITLES)
    return whole * ((1 + QUICK) * QUICK * 4 if quick else rounds + 2 * REHEARSED)


def _tell(run: Run, wall: float) -> None:
    if run.measured is None:
        print(
            f"round {run.number}  {run.workload:14} {run.program:18} FAILED: {run.failure[-300:]}"
        )
        return
    found = run.measured
    print(f"round {run.number}  {run.workload:14} {run.program:18} {found.seconds:7.1f} s, search "
          f"{found.search_seconds:7.1f} s, {found.trials} trials, best {found.best:.4f}, "
          f"{wall:.0f} s in all", flush=True)  # fmt: skip


def _print(workload: Workload, measured: Results) -> None:
    found = results.rows(measured.runs, workload.name)
    print(f"\n{workload.title}")
    for program, row in found.items():
        speed = f"{row.seconds:7.1f} s  {row.trials_a_minute:6.1f} trials/min"
        print(f"  {results.TITLES[program]:32} {speed}")
    for program, text in results.failures(measured.runs, workload.name).items():
        print(f"  {results.TITLES[program]:32} failed: {text}")
    for text, ratio in results.ratios(found, workload):
        if ratio.whole is not None and ratio.search is not None:
            print(f"  {text:32} {ratio.whole:5.2f} (search alone {ratio.search:.2f}), target "
                  f"{ratio.target:g}: {ratio.verdict}")  # fmt: skip


if __name__ == "__main__":
    main()
