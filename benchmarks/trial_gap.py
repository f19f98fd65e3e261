"""How long a runner waits between two trials of one search: from its last event until it has its
next order. Meanwhile its slot records the end and claims the next trial.

    .venv/bin/python benchmarks/trial_gap.py --page

`--page` writes docs/throughput.md again, with what was measured.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.speed import page
from benchmarks.speed.gaps import Gaps, keep
from benchmarks.tuneroom import tuneroom

TRIALS = 100
TUNE = [
    "tune", "--dataset", "breast-cancer", "--template", "dense", "--pruner", "none", "--epochs",
    "3", "--max-trials", str(TRIALS),
]  # fmt: skip
STRATEGIES = ("random", "sobol", "tpe")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write docs/throughput.md")
    options = parser.parse_args()
    found = []
    for slots in (1, 2):
        for strategy in STRATEGIES:
            found.append(_measured(strategy, slots))
            print(found[-1], flush=True)
    keep(found)
    if options.page:
        page.write()


def _measured(strategy: str, slots: int) -> Gaps:
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "gaps"
        settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.gaps.settings", "GAPS_FILE": str(file)}
        with tuneroom(SLOTS=str(slots), **settings) as running:
            running.manage(*TUNE, "--tuner", strategy, "--parallel", str(slots))
        gaps = [float(line) for line in file.read_text().split()]
    return Gaps(strategy, slots, TRIALS, median(gaps), quantiles(gaps, n=20)[-1])


if __name__ == "__main__":
    main()
