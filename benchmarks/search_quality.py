"""Which strategy finds good configurations with how much training?

    .venv/bin/python benchmarks/search_quality.py

Replays every strategy against the recorded curves of each task (`record_curves.py`): ours beside
KerasTuner's oracles and Optuna's samplers and pruner by themselves. The budget is in units of
training (epochs, or folds): as much as `--trials` whole trials take. Reported is the regret, the
best recorded score minus the best one found, after 10, 25, 50 and 100 % of the budget: the median
over all seeds with a 95 % bootstrap band. With `--page` it writes docs/search_quality.md.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.quality import page  # noqa: E402
from benchmarks.quality.regret import SHARES, bands, regrets  # noqa: E402
from benchmarks.quality.replays import CONTENDERS, Replay, replays  # noqa: E402
from benchmarks.quality.tables import Table, recorded_tables  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help="names of tasks; left out: all")
    parser.add_argument("--seeds", type=int, default=30)
    # KerasTuner takes seed 0 for none.
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--page", action="store_true", help="write docs/search_quality.md")
    options = parser.parse_args()
    tasks = options.tasks or list(recorded_tables())
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    found = replays(tasks, options.only, seeds, options.trials, options.processes)
    tables = [Table(recorded_tables()[task]) for task in tasks]
    for table in tables:
        _print(table, found[table.name], options.trials)
    if options.page:
        page.write(tables, found, options.seeds, options.trials)


def _print(table: Table, found: dict[str, list[Replay]], trials: int) -> None:
    print(f"{table.name}: {len(table)} configurations, best {abs(table.best):.4f}")
    units = [round(share * trials * table.units) for share in SHARES]
    for name, kept in found.items():
        cells = zip(*bands(regrets(table, kept, units)), strict=True)
        line = "  ".join(f"{m:.4f} ({low:.4f}-{high:.4f})" for m, low, high in cells)
        print(f"  {name:22} {line}")


if __name__ == "__main__":
    main()
