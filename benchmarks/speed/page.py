"""Writes docs/throughput.md and its drawings from what was measured."""

# ruff: noqa: E501 lines of Markdown are as long as they are

from collections.abc import Sequence
from pathlib import Path

from . import gaps, long_runs
from .drawing import bars, lines
from .gaps import Gaps
from .long_runs import LongRun
from .programs import PEERS, PLAIN
from .results import PACKAGES, TITLES, TUNEROOM, Ratio, Results, Row, failures, ratios, rows
from .workloads import WORKLOADS, Workload

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
MEGABYTE = 1e6


def write(measured: Results | None = None) -> None:
    """From these results, or those that are kept."""
    measured = measured or Results.kept()
    found = []
    if measured is not None:
        found = [(each, rows(measured.runs, each.name)) for each in WORKLOADS]
        found = [(workload, own) for workload, own in found if own]
    DOCS.mkdir(exist_ok=True)
    if found:
        (DOCS / "throughput.svg").write_text(bars(found))
    long = long_runs.kept()
    if long:
        (DOCS / "throughput_long_run.svg").write_text(lines(long_runs.panels(long)))
    (DOCS / "throughput.md").write_text(text(measured, found, long, gaps.kept()))


def text(
    measured: Results | None, found: Sequence[tuple[Workload, dict[str, Row]]],
    long: Sequence[LongRun], between: Sequence[Gaps] = (),
) -> str:  # fmt: skip
    parts = [INTRODUCTION]
    if measured is not None and found:
        parts += [_machine(measured), _targets(found), DRAWING]
        parts += [_workload(workload, own, measured) for workload, own in found]
    if between:
        parts.append(_gaps(between))
    if long:
        parts.append(_long_runs(long))
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """# Throughput

How many trials a minute? Tuneroom and its peers run the same searches on one machine, in turn:

    .venv/bin/pip install tensorboard==2.21.0
    .venv/bin/python benchmarks/throughput.py --page
    .venv/bin/python benchmarks/trial_gap.py --page
    .venv/bin/python benchmarks/long_run.py --page

The commands write this page (some 45, 8 and 25 minutes; the machine has to be idle otherwise). `--quick` tries the
first one in a few minutes, `--kept --page` writes the page again from what was measured last, `--resume` continues after
an interruption.

- All programs train the same configurations (drawn once; under Hyperband each draws its own) on the same rows, with the
  same epochs and batch size. Every program runs once in each round; the tables show medians over the rounds.
- *KerasTuner script* is one process that calls `tuner.search`. *KerasTuner, chief and 2 workers* is its own way to
  several processes. *Optuna, 2 processes* calls `fit` on the same models; its processes share a journal file.
- *Threads* of each process: one where a program has as many processes as there are cores. The single script runs with one
  or with the default of TensorFlow and BLAS, one for each core, whichever was faster in a rehearsal. Tuneroom's runners
  share the cores between the slots.
- *Seconds* count from the start of a script, or from pressing Start in a Tuneroom whose worker is idle, to the end of the
  last trial. *Search alone* leaves out what a script needs for imports and for reading its rows, which Tuneroom has done
  before Start. A target counts as reached only if it is reached both ways.
- *Running graphs* is the share of the processor time, from the first model on, in which compiled functions ran; the rest
  is building and tracing models, Keras's loop and everything else. It was sampled 50 times a second in a separate pass
  with a quarter of the trials.
- *Memory* is the most that all processes of the program had at once (PSS, every two seconds). Tuneroom's includes site,
  worker, scheduler and a spare runner. *Disk* is what the search left behind.
- Under Hyperband Tuneroom trains one trial more than the others, the baseline of 20 epochs, and its seconds include it."""

DRAWING = """![Seconds of each program, a panel for each workload](throughput.svg)

The pale part of a bar is what a script needs before its search begins."""


def _machine(measured: Results) -> str:
    about = measured.about
    packages = ", ".join(f"{name} {about[name]}" for name in PACKAGES if name in about)
    return (
        f"Measured on {about['cores']} cores of {about['processor']}, {about['system']}, Python {about['python']}, "
        f"{packages}."
    )


def _targets(found: Sequence[tuple[Workload, dict[str, Row]]]) -> str:
    lines = [
        "## Targets",
        "",
        "How many times as fast Tuneroom is; in brackets, by the search alone.",
        "",
        "| workload | Tuneroom : peer | target | measured | |",
        "|---|---|---|---|---|",
    ]
    for workload, own in found:
        for words, ratio in ratios(own, workload):
            lines.append(
                f"| {workload.name} | {words} | {ratio.target:g} | {_both(ratio)} "
                f"| {ratio.verdict} |"
            )
    return "\n".join(lines)


def _workload(workload: Workload, own: dict[str, Row], measured: Results) -> str:
    lines = [
        f"## {workload.name}",
        "",
        f"{workload.title}.",
        "",
        "| | seconds | search alone | trials a minute | threads | Tuneroom is faster by | by the search alone | running graphs | best score | memory | disk |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    ours = own.get(TUNEROOM)
    for program, row in own.items():
        title = f"**{TITLES[program]}**" if program not in PEERS else TITLES[program]
        share = (
            "–" if row.graph_share is None or workload.folds else f"{100 * row.graph_share:.0f} %"
        )
        lines.append(
            f"| {title} | {row.seconds:.1f} | {row.search_seconds:.1f} | {row.trials_a_minute:.1f} | {row.threads or '–'} "
            f"| {_times(ours and row.seconds / ours.seconds)} | {_times(ours and row.search_seconds / ours.search_seconds)} "
            f"| {share} | {row.best:.4f} | {row.peak_bytes / MEGABYTE:,.0f} MB | {_size(row.disk_bytes)} |"
        )
    counted = sorted({row.runs for row in own.values()})
    rounds = "one round" if counted == [1] else f"{' or '.join(map(str, counted))} rounds"
    notes = [f"Medians of {rounds}."]
    different = {program: row.epochs for program, row in own.items()}
    if len(set(different.values())) > 1:
        said = ", ".join(f"{TITLES[name]} {epochs:g}" for name, epochs in different.items())
        notes.append(f"Epochs in all: {said}.")
    notes += [
        f"{TITLES[program]} failed: {said}"
        for program, said in failures(measured.runs, workload.name).items()
    ]
    remark = ["", workload.remark] if workload.remark else []
    remark += ["", limit] if (limit := _limit(workload, own)) else []
    return "\n".join([*lines, "", " ".join(notes), *remark])


def _limit(workload: Workload, own: dict[str, Row]) -> str:
    """Where a target was missed: what could be reached at most with the same models."""
    ours = own.get(TUNEROOM)
    missed = [ratio for _, ratio in ratios(own, workload) if ratio.verdict != "reached"]
    if ours is None or not ours.graph_share or not missed or workload.folds:
        return ""
    left = ours.graph_share * ours.seconds
    peers = [row for program, row in own.items() if program in PEERS]
    best = min((row.seconds for row in peers), default=0.0)
    plain = own[PLAIN].seconds if PLAIN in own else 0.0
    return (
        f"In Tuneroom with 2 slots, {100 * ours.graph_share:.0f} % of the processor time runs the models' compiled functions, as in "
        f"every program. If everything else took no time at all, the search would take {left:.1f} s: {plain / left:.1f} times as "
        f"fast as the KerasTuner script, {best / left:.1f} times as fast as the best peer."
    )


def _gaps(between: Sequence[Gaps]) -> str:
    lines = [
        "## Between two trials",
        "",
        "From the last event of a trial until its runner has the order for the next one, a slot records the result and claims a",
        "trial (`benchmarks/trial_gap.py`: a small network on the breast cancer data, 3 epochs, SQLite). Meanwhile the runner",
        "removes what the last model left behind, which takes it some 17 ms: it waits only where the slot takes longer. Values of",
        "strategies that ignore results (random search, Sobol sequence) are drawn while the previous trial trains its last epoch; others",
        "need its result. Whether other work comes first is checked in the last epoch as well.",
        "",
        "| strategy | slots | trials | median | 95 % within |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.strategy} | {each.slots} | {each.trials} | {each.median:.0f} ms | {each.most:.0f} ms |"
        for each in between
    ]
    return "\n".join(lines)


def _long_runs(long: Sequence[LongRun]) -> str:
    lines = [
        "## A thousand trials on one runner",
        "",
        "One runner process trains one small model after the other, each for one epoch (`benchmarks/long_run.py`). Wanted: its memory",
        "grows by less than 5 % after the first 50 trials, no descriptor, thread or folder is left, and the last trials are as",
        "fast as the 50th.",
        "",
        "| template | trials | memory after 50 | at the end | growth | seconds a trial around the 50th | at the end | descriptors | threads | folders |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for run in long:
        lines.append(
            f"| {run.title} | {run.trials:,} | {run.memory_early:,.0f} MB | {run.memory_late:,.0f} MB | {100 * run.growth:+.1f} % "
            f"| {run.seconds_early:.2f} | {run.seconds_late:.2f} | {run.left('descriptors')} | {run.left('threads')} | {run.left('folders')} |"
        )
    lines += [
        "",
        "Descriptors, threads and folders: how many more there are at the end than after 50 trials.",
        "",
        "![Memory and seconds of each trial over the trials of one runner](throughput_long_run.svg)",
    ]
    return "\n".join(lines)


def _both(ratio: Ratio) -> str:
    if ratio.whole is None:
        return _times(None)
    return f"{_times(ratio.whole)} ({_times(ratio.search)})"


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f} ×"


def _size(count: float) -> str:
    return f"{count / MEGABYTE:.1f} MB" if count >= MEGABYTE else f"{count / 1000:.0f} KB"
