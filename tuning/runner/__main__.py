"""The runner: one isolated process that does one piece of work, then ends.

    python -I .../tuning/runner/__main__.py --events-fd N --parent-pid PID --level L [--no-keras]

or, with `--forks-fd N` in place of `--events-fd N`, the process that runners are forks of
(`fork_server.py`).

Working folder: empty and private. Standard input: orders (`tuning.protocol.orders`), one JSON line
each; its end ends the process. Descriptor N: events (`tuning.protocol.events`), one JSON line each,
beginning with `ready`. Standard output and error: the log.

After `ready` the first order decides what this process is for:

- `inspect`, `retrain`, `evaluate`, `prepare`, `import`: one result or `failed`, then the process
  ends.
- `predict`: `predicted` or `failed`; after `predicted`, further `predict` orders about the same
  model, until `end`.
- `search`: `next`, then for each `trial` order its events up to `trial_end`, `trial_pruned` or
  `failed` and another `next`, until `end`. `verdict` orders come during a trial. A `failed` before
  the first `next` means that the template or the data cannot be used at all; the process ends.

Files are left in the working folder: `prepared/`, `imported.jsonl`, `predicted.csv`, `model.keras`
or `model.skops`,
`kt/search/trial_<id>/` (of Hyperband's trials, and of pruned trials that can go on; before a trial
is ordered that goes on from such a folder, it must lie there).

`--level` is how far the isolation goes at most (hardening.py). `--probe FILE` does no work: it
tries what the isolation denies, FILE included, and prints what held as JSON.

`--no-keras` answers `ready` at once: bundled datasets are prepared without TensorFlow.
"""

import argparse
import os
import sys
from pathlib import Path

# Run as a file with -I: neither the working folder nor the repository is on the path. This folder
# never is: its modules would shadow the standard library's `code`.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Found now: once hardened, the folder that all packages lie in can no longer be listed.
import tuning.eventfiles
import tuning.figures
import tuning.hypermodels
import tuning.optunafiles
import tuning.protocol
import tuning.spaces
import tuning.splits
import tuning.strategies
import tuning.texts  # noqa: F401
from tuning.runner.sandbox.hardening import harden


def main() -> None:
    arguments = _arguments(sys.argv[1:])
    is_fork = arguments.forks_fd >= 0
    if is_fork:
        from tuning.runner.fork_server import become_runner
        from tuning.runner.libraries import load_everything

        flags = become_runner(arguments.forks_fd, arguments.parent_pid, load_everything)
        arguments = _arguments(flags)
    harden(arguments.parent_pid, arguments.level)
    if arguments.probe:
        from tuning.runner.sandbox.probe import tell

        tell(arguments.parent_pid, Path(arguments.probe))
        return
    # From here on heavier imports are allowed: the limits hold for them too.
    from tuning.runner.work import serve

    if is_fork:
        from tuning.runner.libraries import settle_in

        settle_in()
    try:
        serve(arguments.events_fd, with_keras=not (arguments.no_keras or is_fork))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if sys.exc_info()[0] is None:
            # Without TensorFlow's slow tear-down, and whatever threads the template left behind.
            os._exit(0)


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tuning.runner")
    parser.add_argument("--events-fd", type=int, default=-1)
    parser.add_argument("--forks-fd", type=int, default=-1)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--level", type=int, default=int(os.environ.get("RUNNER_LEVEL", "0")))
    parser.add_argument("--probe", metavar="FILE", default="")
    parser.add_argument("--no-keras", action="store_true")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
