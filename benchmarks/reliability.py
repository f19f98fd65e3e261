"""What holds when processes, databases, disks, clocks and networks fail?

    .venv/bin/python benchmarks/reliability.py kills stalls --page

Runs scenarios (`chaos/scenarios.py`) one after the other, prints their figures and keeps them in
`benchmarks/.chaos`. `--page` writes docs/reliability.md from all that is kept. Exits with 1 if a
promise was broken.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.chaos import outcome, page  # noqa: E402
from benchmarks.chaos.outcome import Outcome  # noqa: E402
from benchmarks.chaos.scenarios import SCENARIOS, Scenario  # noqa: E402


def main() -> None:
    options = _options()
    chosen = [each for each in SCENARIOS if not options.scenarios or each.name in options.scenarios]
    held = True
    for scenario in [] if options.kept else chosen:
        held &= _run(scenario)
    if options.page:
        page.write(outcome.kept())
    raise SystemExit(0 if held else 1)


def _options() -> Any:
    told = [f"{each.name}: {each.title} (about {each.minutes:g} min)" for each in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="; ".join(told))
    names = [each.name for each in SCENARIOS]
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(names))
    parser.add_argument("--kept", action="store_true", help="run nothing")
    parser.add_argument("--page", action="store_true", help="write docs/reliability.md")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(names):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


def _run(scenario: Scenario) -> bool:
    print(f"\n{scenario.title}. {scenario.disturbance}", flush=True)
    began, load = time.monotonic(), outcome.load()
    try:
        found = scenario.run()
    except TimeoutError as error:
        found = Outcome({"ended early": f"{error}"}, {"it comes to an end": False})
    outcome.stamp(found, began, load)
    outcome.keep(scenario.name, found)
    for name, value in found.figures.items():
        print(f"  {name:50} {value}")
    for name, kept in found.promises.items():
        print(f"  {'held  ' if kept else 'BROKEN'}  {name}")
    print(f"  {found.seconds:.0f} s", flush=True)
    return found.held


if __name__ == "__main__":
    main()
