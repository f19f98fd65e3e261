"""Many slots of several workers on one PostgreSQL; leases vanish, a worker is killed: no trial is
lost or doubled, and a late writer changes nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services import PATIENCE, ROOT, clean_environment, new_database, wait_for

pytestmark = pytest.mark.services

COMMAND = [sys.executable, "-m", "tests.system.race_worker"]
BURY = """
    UPDATE tuning_trial SET lease_expires_at = NULL WHERE status = 'running' AND worker_id IN
    (SELECT id FROM tuning_worker WHERE name = %s)
"""


@pytest.fixture(scope="module")
def environment(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of processes that own one database, with its tables and with searches that wait, and the
    role of its workers."""
    url, folder = new_database(postgres_server), tmp_path_factory.mktemp("races")
    made = clean_environment(DATABASE_URL=url, TUNEROOM_DATA=str(folder))
    prepared = subprocess.run(
        [*COMMAND, "prepare"], cwd=ROOT, env=made, check=True, timeout=PATIENCE, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    return made | {"WORKER_ROLE": prepared.stdout.strip()}


def test_an_account_is_deactivated_while_its_teams_change(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.system.race_people"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, timeout=PATIENCE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_racing_slots_lose_and_double_nothing(environment: dict[str, str]) -> None:
    import psycopg

    postgres_url, tmp_path = environment["DATABASE_URL"], Path(environment["TUNEROOM_DATA"])
    role = environment["WORKER_ROLE"]
    of_workers = environment | {"DATABASE_URL": postgres_url.replace("tuneroom@", f"{role}@")}
    assert role in of_workers["DATABASE_URL"]
    workers = []
    for number in range(2):
        with (tmp_path / f"{number}.log").open("w") as log:
            worker = subprocess.Popen(
                [*COMMAND, "work"], cwd=ROOT, env=of_workers, text=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        workers.append(worker)
    try:
        for worker in workers:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            _sabotage(connection, workers[0])
            rows = _rows(connection)
        output, _ = workers[1].communicate(timeout=PATIENCE)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    log = (tmp_path / "1.log").read_text()
    assert "Traceback" not in log, log
    provoked = json.loads(output)
    assert provoked["lost"] >= 10, "the test provoked nothing"
    assert provoked["helped"] >= 10, "no slot took executions of another one's trial"
    assert provoked["given_up"] >= 3, "no lease of an execution was taken away"
    _check(rows)


def _sabotage(connection: Any, victim: "subprocess.Popen[str]") -> None:
    """Kill a worker in the middle; wait until all searches have ended."""

    def finished() -> bool:
        count = "SELECT count(*) FROM tuning_trial WHERE status = 'completed'"
        if connection.execute(count).fetchone()[0] >= 8 and victim.poll() is None:
            victim.kill()
            victim.wait()
        if victim.poll() is not None:
            connection.execute(BURY, [f"race-{victim.pid}"])
        active = "SELECT count(*) FROM tuning_search WHERE status = 'running'"
        return bool(connection.execute(active).fetchone()[0] == 0)

    wait_for(finished, "all searches have ended")


def _rows(connection: Any) -> dict[str, list[dict[str, Any]]]:
    import psycopg.rows

    cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
    tables = ("search", "trial", "attempt", "execution", "epoch")
    return {name: cursor.execute(f"SELECT * FROM tuning_{name}").fetchall() for name in tables}  # noqa: S608


def _check(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert [search["status"] for search in rows["search"]] == ["completed"] * 7
    assert rows["execution"] == [], "a trial takes its executions along"
    for search in rows["search"]:
        trials = [t for t in rows["trial"] if t["search_id"] == search["id"]]
        assert sorted(t["number"] for t in trials) == list(range(1, len(trials) + 1))
        asked = [t["oracle_id"] for t in trials if t["oracle_id"]]
        assert len(asked) == len(set(asked)) == len(trials) - 1
        ended = [t for t in trials if t["status"] != "stopped"]
        if search["pruner"] != "none":
            _check_pruning(search, ended, rows)
            continue
        assert sorted(t["end_order"] for t in ended) == list(range(1, len(ended) + 1))
        if search["target_score"] is not None:
            _check_target(search, ended, trials)
        elif search["tuner"] != "hyperband":
            assert len(ended) == search["max_trials"]
        if search["tuner"] in ("auto", "cmaes"):
            assert len({json.dumps(t["values"]) for t in trials}) == len(trials)
            continue
        # Empty if the baseline reached the target before anything was suggested.
        state = search["oracle_state"] or {"start_order": [], "end_order": []}
        assert sorted(state["start_order"]) == sorted(asked), "each suggestion is one trial"
        assert len(set(state["end_order"])) == len(state["end_order"]), "each end counts once"
    pruning = {s["id"] for s in rows["search"] if s["pruner"] != "none"}
    stopped = {t["search_id"] for t in rows["trial"] if t["status"] == "stopped"}
    assert stopped <= {s["id"] for s in rows["search"] if s["target_score"] is not None}
    for trial in rows["trial"]:
        attempts = [a for a in rows["attempt"] if a["trial_id"] == trial["id"]]
        assert sorted(a["number"] for a in attempts) == list(range(1, trial["attempt"] + 1))
        if trial["status"] == "stopped" or trial["search_id"] in pruning:
            continue
        assert trial["status"] == "completed"
        outcomes = {a["number"]: a["outcome"] for a in attempts}
        assert outcomes.pop(trial["attempt"]) == "Completed"
        assert set(outcomes.values()) <= {"The worker stopped responding. Will run again."}
        assert trial["lost_attempts"] == len(outcomes)
        own = [
            e
            for e in rows["epoch"]
            if (e["trial_id"], e["attempt"]) == (trial["id"], trial["attempt"])
        ]
        assert len(own) == trial["epochs_done"]
        search = next(s for s in rows["search"] if s["id"] == trial["search_id"])
        if search["executions_per_trial"] > 1:
            _check_executions(search, trial, own)
            continue
        assert {e["metrics"]["token"] for e in own} == {trial["metrics"]["token"]}
        assert trial["score"] == trial["metrics"]["val_accuracy"]
    # No two attempts wrote under one number.
    tokens: dict[tuple[int, int, int], set[float]] = {}
    resumed = {t["id"] for t in rows["trial"] if t["pruned_after"]}
    for epoch in rows["epoch"]:
        if epoch["trial_id"] in resumed:
            continue
        key = epoch["trial_id"], epoch["attempt"], epoch["execution"]
        tokens.setdefault(key, set()).add(epoch["metrics"]["token"])
    assert all(len(found) == 1 for found in tokens.values())


def _check_pruning(search: Any, trials: list[Any], rows: dict[str, list[Any]]) -> None:
    """Each trial is completed, or was pruned at a rung; what went on has each epoch once."""
    assert len(trials) == search["max_trials"]
    assert len({t["end_order"] for t in trials}) == len(trials)
    assert {t["status"] for t in trials} == {"completed", "pruned"}
    outcomes = [a["outcome"] for a in rows["attempt"] if a["trial_id"] in {t["id"] for t in trials}]
    promoted = [t for t in trials if t["pruned_attempt"] and t["pruned_attempt"] < t["attempt"]]
    assert promoted, "the test provoked no promotion"
    assert any(outcome.startswith("Pruned at epoch") for outcome in outcomes)
    for trial in trials:
        last = trial["attempt"]
        own = [e for e in rows["epoch"] if (e["trial_id"], e["attempt"]) == (trial["id"], last)]
        assert sorted(e["epoch"] for e in own) == list(range(1, len(own) + 1))
        assert trial["epochs_done"] == len(own)
        if trial["status"] == "pruned":
            assert trial["score"] is None
            # A rung, or one epoch later if the verdict was late.
            assert trial["pruned_after"] == len(own)
            assert len(own) in (1, 2, 3, 4)
        else:
            assert len(own) == search["epochs"]
            assert trial["score"] == max(e["metrics"]["val_accuracy"] for e in own)


def _check_executions(search: Any, trial: Any, epochs: list[Any]) -> None:
    """Each execution has each epoch once, and the score is the mean of what they ended with."""
    wanted = [
        (execution, epoch)
        for execution in range(search["executions_per_trial"])
        for epoch in range(1, search["epochs"] + 1)
    ]
    assert sorted((e["execution"], e["epoch"]) for e in epochs) == wanted
    last = [e["metrics"]["val_accuracy"] for e in epochs if e["epoch"] == search["epochs"]]
    assert trial["score"] == pytest.approx(sum(last) / len(last))


def _check_target(search: Any, ended: list[Any], trials: list[Any]) -> None:
    """The first trial that reached the target ended the search: what ran then was finished, or
    stopped if its worker was lost meanwhile, and nothing else began."""
    hits = [t for t in ended if t["score"] >= search["target_score"]]
    first = min(hits, key=lambda t: t["end_order"])
    sentence = f"Reached the target score 0.95 with trial {first['number']}."
    assert search["end_reason"] == sentence
    after = len([t for t in ended if t["end_order"] > first["end_order"]])
    assert after + len(trials) - len(ended) < search["parallel_trials"]
