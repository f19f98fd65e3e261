"""Writes docs/search_quality.md and its drawing from the replays."""

# ruff: noqa: E501 lines of Markdown are as long as they are

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .drawing import drawing
from .regret import NEGLIGIBLE, SHARES, bands, regrets
from .tables import Table
from .targets import LEVEL, OURS, Outcome, Replays, is_worse, outcome, peers, tests

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"

NOTES = """## What else the tables show

- *Automatic, ASHA* is the automatic strategy with successive halving after 2 and 6 epochs in place of the automatic
  pruner. It finds more in the first half of the budget. At the end it is behind on cancer_dense, where the learning rates
  of some good configurations warm up, and on diabetes_dense. For short searches choose it by hand.
- After 10 % of the budget Automatic is behind: it begins with the defaults, which are the lowest values in these spaces, and
  spreads its next trials evenly.
- The automatic pruner hardly changes the search for a pipeline: it compares folds by a Wilcoxon test, and five are few.

What they do not show: large networks and data, where trials differ less or cost more; parallel trials; spaces without steps.
Validation losses of wine_dense come down to zero, so that its best configurations hardly differ."""


def write(tables: Sequence[Table], found: dict[str, Replays], seeds: int, trials: int) -> None:
    (DOCS / "search_quality.svg").write_text(drawing(tables, found, trials))
    outcomes = [outcome(table, found[table.name], trials) for table in tables]
    p_values = tests(tables, found, trials)
    worse = [
        (table.name, name)
        for table in tables
        for name in peers(found[table.name])
        if p_values[table.name, name] < LEVEL and is_worse(table, found[table.name], name, trials)
    ]
    parts = [
        _introduction(len(tables), seeds, trials),
        _targets(outcomes, worse),
        NOTES,
        *(_table(table, found[table.name], trials, p_values) for table in tables),
    ]
    (DOCS / "search_quality.md").write_text("\n\n".join(parts) + "\n")


def _introduction(tasks: int, seeds: int, trials: int) -> str:
    return f"""# Search quality

Which strategy finds good configurations with how much training? Tuneroom trained every configuration of {tasks}
tasks once and kept the learning curves (`benchmarks/record_curves.py`, a file for each task in `benchmarks/recorded/`).
Every strategy replays against these curves, so that thousands of searches take minutes:

    .venv/bin/python benchmarks/search_quality.py --page

The command writes this page. The budget is training: as many epochs (for the pipeline: folds) as {trials} whole trials
take. *Regret* is the best recorded score minus the best score that a search has found in completed trials. Tables show
the median over {seeds} seeds with a 95 % bootstrap band. One trial runs at a time. Regrets that differ by less than {100 * NEGLIGIBLE:g} % of
the median configuration's regret count as equal.

*Automatic* is Tuneroom's default: automatic strategy and automatic pruner; it begins with the template's defaults, like
every search of Tuneroom. KerasTuner and Optuna run by themselves, as a script would use them, without the defaults.
*Optuna TPE, median* is Optuna's TPE with its MedianPruner. Hyperband cannot tune the pipeline, which has no epochs. CMA-ES
is left out: every space has categories, for which it is not made.

![Median regret of each contender over the budget, a panel for each task](search_quality.svg)

The drawing shows the median regret as a share of that of the median configuration, on a logarithmic scale, over the
share of the budget that is spent. Lower is better."""


def _targets(outcomes: Sequence[Outcome], worse: Sequence[tuple[str, str]]) -> str:
    reached = sum(each.is_reached for each in outcomes)
    shares = [each.share for each in outcomes]
    # Five of six.
    wanted = len(outcomes) - 1
    halves = sum(share is not None and share <= 0.5 for share in shares)
    of_budget = sum(each.units is not None and each.units <= each.budget / 2 for each in outcomes)
    lines = [
        "## Targets",
        "",
        f"1. *Automatic's regret at the end of the budget is at or below the best of KerasTuner's and Optuna's on at least "
        f"{wanted} of {len(outcomes)} tasks.* {_verdict(reached >= wanted)}: on {reached}.",
        f"2. *It is nowhere significantly worse* (Wilcoxon's signed-rank test over seeds at {_percent(LEVEL)}, Holm's correction "
        f"over all tasks and contenders). {_verdict(not worse)}{_worse(worse)}.",
        f"3. *It needs at most half of the training of KerasTuner's Bayesian optimisation for the regret that the latter "
        f"ends with.* {_verdict(halves == len(outcomes))}: on {halves} of {len(outcomes)}. "
        f"Measured against the whole budget, Automatic needs at most half of it for that regret on {of_budget}.",
        "",
        "| task | Automatic | best of the others | at or below | KerasTuner Bayesian's final regret after | Automatic after | share |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        lines.append(
            f"| {each.task} | {each.regret:.4f} | {each.best_regret:.4f} ({each.best}) | "
            f"{'yes' if each.is_reached else 'no'} | {_units(each.peer_units)} | {_units(each.units)} | "
            f"{'' if each.share is None else _percent(each.share)} |"
        )
    return "\n".join(lines)


def _verdict(holds: bool) -> str:
    return "Reached" if holds else "Not reached"


def _worse(worse: Sequence[tuple[str, str]]) -> str:
    return ": worse than " + ", ".join(f"{name} on {task}" for task, name in worse) if worse else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _units(units: int | None) -> str:
    return "never" if units is None else f"{units}"


def _table(table: Table, found: Replays, trials: int, p_values: dict[Any, float]) -> str:
    unit = "folds" if table.is_estimator else "epochs"
    units = [round(share * trials * table.units) for share in SHARES]
    lines = [
        f"## {table.name}",
        "",
        f"{len(table)} configurations of {table.units} {unit}, objective {table.objective}. "
        f"Best score {abs(table.best):.4g}, median {abs(table.median):.4g}.",
        "",
        "| | " + " | ".join(f"{_percent(share)} ({n} {unit})" for share, n in zip(SHARES, units, strict=True))
        + " | p against Automatic |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, replays in found.items():
        cells = zip(*bands(regrets(table, replays, units)), strict=True)
        shown = " | ".join(f"{m:.4f} ({low:.4f}-{high:.4f})" for m, low, high in cells)
        p = p_values.get((table.name, name))
        caption = f"**{name}**" if name == OURS else name
        lines.append(f"| {caption} | {shown} | {'' if p is None else f'{p:.2g}'} |")
    return "\n".join(lines)
