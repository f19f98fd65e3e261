"""Every trial once? Counted from the rows, without Tuneroom's own code."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
# What has to be read for `audit`.
QUERIES = {
    "search": "SELECT id, status, tuner, max_trials, epochs FROM tuning_search",
    "trial": "SELECT id, search_id, number, status, attempt, lost_attempts, score, end_order,"
    " epochs_done, metrics FROM tuning_trial",
    "attempt": "SELECT trial_id, number, outcome FROM tuning_attempt",
    "epoch": "SELECT trial_id, attempt, execution, epoch, metrics FROM tuning_epoch",
}


@dataclass
class Ledger:
    """`lost` and `doubled` say what is wrong, a sentence each."""

    expected: int = 0
    completed: int = 0
    failed: int = 0
    lost_attempts: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, float]:
        return {
            "trials": self.expected, "results": self.completed, "lost": len(self.lost),
            "doubled": len(self.doubled), "failed": self.failed,
            "lost attempts, run again": self.lost_attempts,
        }  # fmt: skip


def audit(rows: Mapping[str, Sequence[Row]]) -> Ledger:
    found = Ledger()
    epochs: dict[int, list[Row]] = {}
    for epoch in rows["epoch"]:
        epochs.setdefault(epoch["trial_id"], []).append(epoch)
    completions = Counter(
        each["trial_id"] for each in rows["attempt"] if each["outcome"] == "Completed"
    )
    for search in rows["search"]:
        trials = [each for each in rows["trial"] if each["search_id"] == search["id"]]
        _audit_search(search, trials, found)
        for trial in trials:
            _audit_trial(trial, epochs.get(trial["id"], []), completions[trial["id"]], found)
    return found


def _audit_search(search: Row, trials: Sequence[Row], found: Ledger) -> None:
    name = f"search {search['id']}"
    # Of rounds only the strategy knows how many trials they have.
    expected = len(trials) if search["tuner"] == "hyperband" else search["max_trials"]
    found.expected += expected
    if search["status"] != "completed":
        found.lost.append(f"{name} is {search['status']}")
    numbers = Counter(each["number"] for each in trials)
    orders = Counter(each["end_order"] for each in trials if each["end_order"] is not None)
    for number in range(1, expected + 1):
        if number not in numbers:
            found.lost.append(f"{name} has no trial {number}")
    found.doubled += [
        f"{name} has trial {n} {times} times" for n, times in numbers.items() if times > 1
    ]
    found.doubled += [
        f"{name} counts an end {times} times" for times in orders.values() if times > 1
    ]
    if len(trials) > expected:
        found.doubled.append(f"{name} has {len(trials)} trials instead of {expected}")


def _audit_trial(trial: Row, epochs: Sequence[Row], completions: int, found: Ledger) -> None:
    name = f"trial {trial['number']} of search {trial['search_id']}"
    found.lost_attempts += trial["lost_attempts"]
    if trial["status"] == "failed":
        found.failed += 1
    elif trial["status"] != "completed":
        found.lost.append(f"{name} is {trial['status']}")
        return
    else:
        found.completed += 1
    if completions > 1:
        found.doubled.append(f"{name} was completed {completions} times")
    tokens: dict[int, set[float]] = {}
    for epoch in epochs:
        tokens.setdefault(epoch["attempt"], set()).add(parsed(epoch["metrics"]).get("token"))
    found.doubled += [
        f"{name} has two writers of attempt {n}" for n, ids in tokens.items() if len(ids) > 1
    ]
    if trial["status"] == "failed":
        return
    metrics = parsed(trial["metrics"])
    own = [epoch for epoch in epochs if epoch["attempt"] == trial["attempt"]]
    if len(own) != trial["epochs_done"] or not own:
        found.lost.append(f"{name} has {len(own)} epochs of {trial['epochs_done']}")
    elif tokens[trial["attempt"]] != {metrics.get("token")}:
        found.doubled.append(f"{name} has the result of another attempt")
    if completions < 1 or trial["score"] is None:
        found.lost.append(f"{name} has no result")


def parsed(value: Any) -> dict[str, Any]:
    """A JSON column, which SQLite gives as text."""
    return json.loads(value) if isinstance(value, str) else value
