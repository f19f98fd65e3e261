"""Writes docs/reliability.md from what was measured."""

# ruff: noqa: E501 lines of Markdown are as long as they are

from collections.abc import Mapping
from pathlib import Path

from .outcome import Outcome, machine
from .scenarios import SCENARIOS, Scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

INTRODUCTION = """# Reliability

What happens to trials when processes, databases, disks, clocks and networks fail? Each scenario disturbs a running
Tuneroom on purpose, then counts the rows by a program that shares no code with it:

    make chaos                              # all of them, about {minutes:.0f} minutes on two idle cores
    make chaos ARGS="kills stalls"          # some
    make chaos ARGS="--page"                # all of them, and this page
    make chaos ARGS="--kept --page"         # this page again, from what was measured last

The rules behind it are in [the architecture](architecture.md#correctness-and-recovery). Fast trials are real in everything but the
training: the runner is a process with the real one's isolation and pipes, and makes up its scores. Those of every attempt bear a
token, so that the rows show whose they are.

- A *lost* trial has no result. A *doubled* one was counted twice, or has epochs of two attempts under one number.
- A *lost attempt* is one whose worker or runner was killed. The trial runs again; the fifth lost attempt would fail it.

Measured on {machine}. *Load* is the number of processes that wanted a core when the scenario began: where it is beyond the
number of cores, others used the machine at the same time, and seconds are no better than that.

| scenario | holds | seconds | load | day |
|---|---|---|---|---|"""


def write(found: Mapping[str, Outcome]) -> None:
    PAGE.write_text(text(found))


def text(found: Mapping[str, Outcome]) -> str:
    minutes = sum(scenario.minutes for scenario in SCENARIOS)
    parts = [INTRODUCTION.format(minutes=minutes, machine=machine())]
    known = [scenario for scenario in SCENARIOS if scenario.name in found]
    parts += [_row(scenario, found.get(scenario.name, Outcome())) for scenario in SCENARIOS]
    parts += [_section(scenario, found[scenario.name]) for scenario in known]
    return "\n".join(parts) + "\n"


def _row(scenario: Scenario, outcome: Outcome) -> str:
    holds = "not measured" if not outcome.promises else "yes" if outcome.held else "**no**"
    if not outcome.day:
        return f"| {scenario.title} | {holds} | | | |"
    return f"| {scenario.title} | {holds} | {outcome.seconds:,.0f} | {outcome.load:.1f} | {outcome.day} |"


def _section(scenario: Scenario, outcome: Outcome) -> str:
    lines = [
        "",
        f"## {scenario.title}",
        "",
        f"{scenario.disturbance} {scenario.promise}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {_shown(value)} |" for name, value in outcome.figures.items()),
    ]
    if outcome.promises:
        lines += [
            "",
            *(
                f"- {'Held' if held else '**Broken**'}: {name}."
                for name, held in outcome.promises.items()
            ),
        ]
    lines += ["", scenario.remark] if scenario.remark else []
    return "\n".join(lines)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else f"{value}"
