"""Many trials on one runner: does its memory grow, does it slow down, does it leave anything?

    .venv/bin/python benchmarks/long_run.py --page

A Tuneroom with one slot searches with each kind of template, one epoch a trial. After each trial
its runner's memory, descriptors, threads and folders are written down. What was measured is kept
in `benchmarks/.throughput`; `--page` writes docs/throughput.md again with it.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.speed import long_runs, page  # noqa: E402
from benchmarks.speed.long_runs import LongRun  # noqa: E402
from benchmarks.speed.watching import runners  # noqa: E402
from benchmarks.tuneroom import Running, tuneroom  # noqa: E402

TEMPLATES = Path(__file__).resolve().parent / "speed" / "long_run_templates"
# By name: what the page calls it, and its template.
KINDS = {
    "built_in": ("built-in dense network", "dense"),
    "own_code": ("own layer, loss, callback", f"{TEMPLATES / 'own_code.py'}"),
    "custom_tuner": ("custom tuner", f"{TEMPLATES / 'custom_tuner.py'}"),
    "estimator": ("scikit-learn pipeline", f"{TEMPLATES / 'pipeline.py'}"),
}
FINISHED = (
    "SELECT COUNT(*) FROM tuning_trial t JOIN tuning_search s ON t.search_id = s.id WHERE"
    " t.finished_at IS NOT NULL AND s.max_trials = ?"
)
SECONDS = (
    "SELECT (julianday(t.finished_at) - julianday(t.started_at)) * 86400 FROM tuning_trial t"
    " JOIN tuning_search s ON t.search_id = s.id WHERE s.id = (SELECT MAX(id) FROM tuning_search)"
    " AND t.finished_at IS NOT NULL ORDER BY t.number"
)
MEGABYTE = 1e6
# After so many trials it is plain which runner trains them.
SURE = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--page", action="store_true", help="write docs/throughput.md")
    options = parser.parse_args()
    for kind in options.kinds:
        run = measure(kind, options.trials)
        long_runs.keep(run)
        print(
            f"{run.title}: {run.trials} trials, {run.memory_early:.0f} MB after {long_runs.EARLY}, "
            f"{run.memory_late:.0f} MB at the end ({100 * run.growth:+.1f} %); "
            f"{run.seconds_early:.2f} s a trial, {run.seconds_late:.2f} s at the end; "
            + ", ".join(f"{run.left(one):+d} {one}" for one in long_runs.KINDS),
            flush=True,
        )
    if options.page:
        page.write()


def measure(kind: str, trials: int) -> LongRun:
    title, template = KINDS[kind]
    with tuneroom(SLOTS="1") as running:
        command = [
            sys.executable, "manage.py", "tune", "--dataset", "breast-cancer", "--template",
            template, "--tuner", "random", "--pruner", "none", "--max-trials", str(trials),
            "--parallel", "1", *(["--folds", "2"] if kind == "estimator" else ["--epochs", "1"]),
        ]  # fmt: skip
        tune = subprocess.Popen(
            command, cwd=ROOT, env=running.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        seen = _follow(running, tune, trials)
        if tune.returncode:
            raise SystemExit(f"{title}: {tune.stdout.read()[-2000:] if tune.stdout else ''}")
        seconds = [float(row[0]) for row in running.query(SECONDS)]
    return LongRun(kind, title, seconds=seconds, **_by_trial(seen, len(seconds)))


def _follow(
    running: Running, tune: subprocess.Popen[str], trials: int
) -> dict[int, dict[str, float]]:
    """What the busiest runner has, by the number of trials that have ended."""
    seen: dict[int, dict[str, float]] = {}
    runner: psutil.Process | None = None
    while tune.poll() is None:
        time.sleep(0.2)
        ((finished,),) = running.query(FINISHED, trials)
        try:
            if finished >= SURE and (runner is None or not runner.is_running()):
                runner = _busiest(running.pid)
            if runner and finished and finished not in seen:
                state = _state(runner)
                if state["memory"]:
                    # It has not ended.
                    seen[finished] = state
        except (psutil.Error, OSError, ValueError):
            # It has just ended, or there is none yet.
            runner = None
    return seen


def _busiest(root: int) -> psutil.Process:
    """Of two runners one is spare."""
    return max(runners(root), key=lambda one: sum(one.cpu_times()[:2]))


def _state(runner: psutil.Process) -> dict[str, float]:
    folder = Path(f"/proc/{runner.pid}/cwd")
    return {
        "memory": runner.memory_info().rss / MEGABYTE,
        "descriptors": runner.num_fds(),
        "threads": runner.num_threads(),
        "folders": sum(path.is_dir() for path in folder.rglob("*")),
    }


def _by_trial(seen: dict[int, dict[str, float]], trials: int) -> dict[str, list[float]]:
    """The state after each trial; of one that was too short to be seen, that of the next."""
    if not seen:
        raise SystemExit("No runner was seen.")
    known = sorted(seen)
    states = []
    for trial in range(1, trials + 1):
        later = [number for number in known if number >= trial]
        states.append(seen[later[0] if later else known[-1]])
    names = ("memory", *long_runs.KINDS)
    return {name: [state[name] for state in states] for name in names}


if __name__ == "__main__":
    main()
