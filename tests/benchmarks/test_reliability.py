"""How `make chaos` counts, and its page; nothing is disturbed here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chaos import boundaries, fake_runner, guide, network
from benchmarks.chaos.forks import KILLED
from benchmarks.chaos.guide import Typed
from benchmarks.chaos.jobs import Job, Prepared
from benchmarks.chaos.ledger import Ledger, audit
from benchmarks.chaos.machines import Switch
from benchmarks.chaos.outcome import Outcome, percentile
from benchmarks.chaos.page import text
from benchmarks.chaos.scenarios import SCENARIOS
from tests.services import PATIENCE
from tuning.protocol.orders import TrialOrder
from tuning.supervisor import launch, runners
from tuning.supervisor.launch import Device

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def rows() -> Rows:
    """A search of two trials, of which the second lost its first attempt after an epoch."""

    def trial(number: int, attempt: int) -> dict[str, Any]:
        return {
            "id": number, "search_id": 1, "number": number, "status": "completed",
            "attempt": attempt, "lost_attempts": attempt - 1, "score": 0.5, "end_order": number,
            "epochs_done": 2, "metrics": {"token": 10 * number + attempt},
        }  # fmt: skip

    def epochs(number: int, attempt: int, count: int) -> list[dict[str, Any]]:
        # As SQLite gives JSON.
        metrics = f'{{"token": {10 * number + attempt}}}'
        own = {"trial_id": number, "attempt": attempt, "execution": 0, "metrics": metrics}
        return [own | {"epoch": epoch + 1} for epoch in range(count)]

    return {
        "search": [{"id": 1, "status": "completed", "tuner": "random", "max_trials": 2}],
        "trial": [trial(1, 1), trial(2, 2)],
        "attempt": [
            {"trial_id": 1, "number": 1, "outcome": "Completed"},
            {"trial_id": 2, "number": 1, "outcome": "The worker stopped responding."},
            {"trial_id": 2, "number": 2, "outcome": "Completed"},
        ],
        "epoch": [*epochs(1, 1, 2), *epochs(2, 1, 1), *epochs(2, 2, 2)],
    }


def test_a_lost_attempt_is_no_lost_trial(rows: Rows) -> None:
    assert audit(rows) == Ledger(expected=2, completed=2, lost_attempts=1)


def test_a_trial_that_is_missing_or_has_no_end_is_lost(rows: Rows) -> None:
    rows["trial"][0]["status"] = "running"
    del rows["trial"][1]
    assert audit(rows).lost == ["search 1 has no trial 2", "trial 1 of search 1 is running"]


def test_a_search_that_does_not_end_is_lost(rows: Rows) -> None:
    rows["search"][0]["status"] = "running"
    assert audit(rows).lost == ["search 1 is running"]


def test_a_missing_epoch_is_a_loss(rows: Rows) -> None:
    del rows["epoch"][0]
    assert audit(rows).lost == ["trial 1 of search 1 has 1 epochs of 2"]


def test_two_completions_are_one_too_many(rows: Rows) -> None:
    rows["attempt"][1]["outcome"] = "Completed"
    assert audit(rows).doubled == ["trial 2 of search 1 was completed 2 times"]


def test_a_result_of_another_attempt_is_doubled(rows: Rows) -> None:
    rows["trial"][1]["metrics"] = {"token": 21}
    assert audit(rows).doubled == ["trial 2 of search 1 has the result of another attempt"]


def test_two_writers_under_one_attempt_are_seen(rows: Rows) -> None:
    rows["epoch"][1]["metrics"] = {"token": 99}
    found = audit(rows).doubled
    assert "trial 1 of search 1 has two writers of attempt 1" in found


def test_more_trials_than_were_asked_for_are_doubled(rows: Rows) -> None:
    rows["search"][0]["max_trials"] = 1
    assert audit(rows).doubled == ["search 1 has 2 trials instead of 1"]


def test_the_page_says_what_held_and_what_did_not() -> None:
    first, second = SCENARIOS[:2]
    page = text(
        {
            first.name: Outcome({"results": 600}, {"0 lost": True}, 80.0, 2.5, "2026-11-29"),
            second.name: Outcome({"results": 599}, {"0 lost": False}, 9.0, 0.5, "2026-11-29"),
        }
    )
    assert f"| {first.title} | yes | 80 | 2.5 | 2026-11-29 |" in page
    assert f"| {second.title} | **no** | 9 |" in page
    assert "- **Broken**: 0 lost." in page
    assert f"| {SCENARIOS[2].title} | not measured | | | |" in page, "it is not passed over"
    assert f"## {SCENARIOS[2].title}" not in page


def test_scenarios_have_names_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.95) == 1.0


class Passing(Prepared):
    """A job with so many boundaries, or one that never comes to its end."""

    count = 0

    def disturb(self, run: Any) -> int:
        _, fatal = run.args
        return KILLED if fatal <= self.count else 0

    def wrong_afterwards(self) -> list[str]:
        return []


@pytest.mark.parametrize(
    ("stride", "count", "kills"), [(1, 7, 7), (1, 0, 0), (5, 7, 2), (5, 5, 1), (5, 6, 2)]
)
def test_each_boundary_is_one_kill(
    stride: int, count: int, kills: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that comes to its end is none."""
    monkeypatch.setattr(Passing, "count", count)
    job = Job("work", *[lambda: None] * 3, check=list, stride=stride)
    assert boundaries.kill_at_each(Passing(job, tmp_path, [])) == {"boundaries": kills, "wrong": []}


def test_a_job_without_an_end_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passing, "count", boundaries.MAX)
    job = Job("work", *[lambda: None] * 3, check=list)
    assert boundaries.kill_at_each(Passing(job, tmp_path, []))["wrong"]


@contextmanager
def machines(_switch: Switch) -> Iterator[None]:
    yield


@contextmanager
def no_machines(_switch: Switch) -> Iterator[None]:
    raise OSError("not root")
    yield


def test_a_machine_that_stays_away_is_no_refused_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TimeoutError is an OSError: the page would say that nothing was measured."""

    def wait_in_vain(_switch: Switch) -> Outcome:
        raise TimeoutError("it trains again")

    monkeypatch.setattr(network, "_cut_off", wait_in_vain)
    monkeypatch.setattr(Switch, "connected", machines)
    with pytest.raises(TimeoutError, match="it trains again"):
        network.network()
    monkeypatch.setattr(Switch, "connected", no_machines)
    assert "not root" in str(network.network().figures["not measured"])


def test_the_guide_says_what_the_scenario_types(tmp_path: Path) -> None:
    typed = Typed(tmp_path)
    settings = typed.settings().splitlines()
    names = [name for line in settings for name in re.findall(r"\b([A-Z][A-Z0-9_]+)=", line)]
    assert names == [
        "TUNEROOM_DATA", "ALLOWED_HOSTS", "HTTPS", "TRUSTED_PROXIES", "DATABASE_URL", "REDIS_URL",
        "STORAGE_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SSL_CERT_FILE",
        "AWS_CA_BUNDLE",
    ]  # fmt: skip
    assert all(line.startswith("export ") for line in settings)
    assert f"sslrootcert={tmp_path}/ca.pem" in typed.settings()
    assert typed.block("CREATE ROLE tuneroom").count(";") == 2
    assert typed.block(".venv/bin/python manage.py up --only site").count("\n") == 1
    page = (guide.ROOT / "templates" / "workers" / "add_machine.html").read_text()
    before, _, rest = typed.block("TUNEROOM_DATA=/srv/tuneroom-worker").partition("--join ")
    assert f"<code>{before.removesuffix('worker ')}{{{{ words }}}}" in page
    assert rest == "https://tuneroom.example.com --token tuneroom_join_…"
    with pytest.raises(SystemExit, match="no longer says `rm -rf /`"):
        typed.words("rm -rf /")


@pytest.mark.slow
@pytest.mark.django_db
def test_the_fake_runner_is_one_to_a_supervisor(
    make_search: Any, hypermodel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its own process, isolated as usual; its scores follow from values and seed."""
    monkeypatch.setattr(launch, "MAIN", Path(fake_runner.__file__))
    hypermodel.code = '{"seconds": 0.001}'
    hypermodel.save()
    search = make_search(epochs=2)
    runner = runners.RunnerProcess(Device())
    try:
        runner.send(search.order())
        order = TrialOrder("0", {"units": 8}, seed=7, token="t")
        runner.send(order)
        events: list[Any] = [runner.read(PATIENCE) for _ in range(6)]
    finally:
        runner.kill()
    names = [type(event).__name__ for event in events]
    assert names == ["Ready", "NextTrial", "Built", "EpochEnd", "EpochEnd", "TrialEnd"]
    score = fake_runner.metrics_of("val_accuracy", order, 2, 0.0)["val_accuracy"]
    assert events[-1].metrics["val_accuracy"] == score
