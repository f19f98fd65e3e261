"""The page of benchmarks/throughput.py and the arithmetic behind it; nothing is measured here."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from benchmarks.speed import page
from benchmarks.speed.drawing import bars, lines
from benchmarks.speed.gaps import Gaps
from benchmarks.speed.long_runs import LongRun, panels
from benchmarks.speed.programs import CHIEF, OPTUNA, PLAIN, Measured
from benchmarks.speed.results import (
    ONE_SLOT,
    TITLES,
    TUNEROOM,
    Results,
    Run,
    failures,
    machine,
    ratios,
    rows,
)
from benchmarks.speed.workloads import WORKLOADS, smaller

WORKLOAD = WORKLOADS[0]
MEASURED = Measured(20.0, 20.0, 24, 120, 0.98, 900_000_000, 400_000)


def runs(program: str, *seconds: float, start: float = 0.0) -> list[Run]:
    return [
        Run(WORKLOAD.name, program, number,
            replace(MEASURED, seconds=each + start, search_seconds=each))
        for number, each in enumerate(seconds, 1)
    ]  # fmt: skip


@pytest.fixture
def measured() -> Results:
    rehearsal = Run(WORKLOAD.name, TUNEROOM, 0, replace(MEASURED, seconds=1.0, graph_share=0.5))
    return Results(machine(), [
        rehearsal,
        *runs(TUNEROOM, 10.0, 90.0, 12.0),
        *runs(ONE_SLOT, 40.0),
        *runs(PLAIN, 33.0, 30.0, 39.0, start=6.0),
        *runs(CHIEF, 20.0, start=8.0),
        Run(WORKLOAD.name, OPTUNA, 1, failure="Traceback\nValueError: no such file"),
    ])  # fmt: skip


def test_rows_are_medians_over_the_rounds_without_the_rehearsal(measured):
    found = rows(measured.runs, WORKLOAD.name)

    assert list(found) == [TUNEROOM, ONE_SLOT, PLAIN, CHIEF]
    assert found[TUNEROOM].seconds == 12.0
    assert found[TUNEROOM].trials_a_minute == pytest.approx(120.0)
    assert found[TUNEROOM].graph_share == 0.5
    assert (found[PLAIN].seconds, found[PLAIN].search_seconds) == (39.0, 33.0)
    assert failures(measured.runs, WORKLOAD.name) == {OPTUNA: "ValueError: no such file"}


def test_a_target_is_reached_if_it_is_reached_with_and_without_the_start(measured):
    plain, best, one_slot = (
        each for _, each in ratios(rows(measured.runs, WORKLOAD.name), WORKLOAD)
    )

    assert (plain.whole, plain.search) == (pytest.approx(3.25), pytest.approx(2.75))
    assert plain.verdict == "reached only with the scripts' start"
    assert (best.whole, best.search) == (pytest.approx(28 / 12), pytest.approx(20 / 12))
    assert best.verdict == "reached"
    assert one_slot.verdict == "not reached"


def test_the_page_says_what_was_reached_and_what_failed(measured):
    found = [(WORKLOAD, rows(measured.runs, WORKLOAD.name))]
    text = page.text(measured, found, [long_run()], [Gaps("tpe", 2, 100, 27.6, 40.2)])

    assert "| architectures | 2 slots : KerasTuner script | 3 | 3.25 × (2.75 ×) |" in text
    assert (
        "| architectures | 1 slot : KerasTuner script | 1 | 0.97 × (0.82 ×) | not reached |" in text
    )
    assert f"{TITLES[OPTUNA]} failed: ValueError: no such file" in text
    assert "| own code | 100 | 500 MB | 550 MB | +10.0 % | 0.40 | 0.50 | 2 | 0 | 0 |" in text
    assert "| tpe | 2 | 100 | 28 ms | 40 ms |" in text
    assert machine()["keras"] in text


def test_the_page_says_what_a_missed_target_could_be_at_most(measured):
    found = rows(measured.runs, WORKLOAD.name)
    said = page.text(measured, [(WORKLOAD, found)], [])
    assert "50 % of the processor time runs the models' compiled functions" in said
    assert "would take 6.0 s: 6.5 times as fast as the KerasTuner script, 4.7 times" in said

    quick = replace(found[ONE_SLOT], seconds=1.0, search_seconds=1.0)
    reached = found | {TUNEROOM: quick, ONE_SLOT: quick}
    assert "would take" not in page.text(measured, [(WORKLOAD, reached)], [])


def test_a_page_without_measurements_is_whole():
    assert page.text(None, [], []).startswith("# Throughput")


def test_drawings_are_svg_with_every_program_and_template(measured):
    drawn = bars([(WORKLOAD, rows(measured.runs, WORKLOAD.name))])
    ElementTree.fromstring(drawn)  # noqa: S314  our own
    assert all(TITLES[name] in drawn for name in (TUNEROOM, ONE_SLOT, PLAIN, CHIEF))
    drawn = lines(panels([long_run()]))
    ElementTree.fromstring(drawn)  # noqa: S314  our own
    assert "own code" in drawn


def test_results_are_kept_and_read_again(measured, tmp_path):
    kept = Results(measured.about, path=tmp_path / "results.json")
    for run in measured.runs:
        kept.add(run)

    assert Results.load(kept.path).runs == measured.runs
    assert kept.has(WORKLOAD.name, CHIEF, 1)
    assert not kept.has(WORKLOAD.name, CHIEF, 2)


def test_all_programs_train_as_many_epochs_as_kerastuner():
    epochs = {each.name: each.all_epochs for each in WORKLOADS}

    assert epochs == {
        "architectures": 120, "learning_rate": 75, "hyperband": 226, "training": 240,
        "pipelines": 500,
    }  # fmt: skip
    assert smaller(WORKLOADS[0], 0.25).all_epochs == 30
    assert smaller(WORKLOADS[2], 0.25).epochs == 5


def long_run() -> LongRun:
    """It grows by a tenth and gets slower in its second half, and leaves two descriptors."""
    halves = [1.0] * 65 + [2.0] * 35
    return LongRun(
        "own_code", "own code", [450 + 50 * each for each in halves],
        [0.3 + 0.1 * each for each in halves], [8 + 2 * each for each in halves], [5.0] * 100,
        [3.0] * 100,
    )  # fmt: skip
