"""Scenarios in which processes are killed while trials run."""

import random
import time
from collections import Counter
from typing import Any

import psutil

from .installation import Installation, installed, stored
from .ledger import Ledger, audit, parsed
from .outcome import Outcome, counted

TRIALS, KILLS = 600, 84
# How often each kind is hit. Runners are most of all processes.
WEIGHTS = {"runner": 8, "worker": 3, "up": 1, "site": 2, "scheduler": 2, "redis": 2, "postgres": 2}
# No two kills are closer.
PAUSE = 0.2
FAILURES = (
    "SELECT search_id, number, lost_attempts, failure_code, failure_message FROM tuning_trial"
    " WHERE status = 'failed'"
)
# Without any result for so long, none will come.
STUCK = 600


def kills_on_sqlite() -> Outcome:
    with installed(4) as there:
        return _trials_under_fire(there)


def kills_on_servers() -> Outcome:
    """A search by Hyperband in addition, whose trials find their parents' weights in the store.
    That is the one program that lives on: it keeps its content in memory."""
    with (
        stored() as (settings, asked),
        installed(4, postgres=True, redis=True, **settings) as there,
    ):
        outcome = _trials_under_fire(there, {"tuner": "hyperband", "epochs": 9})
    outcome.figures |= {"requests to the store": counted(asked)}
    return outcome


def _trials_under_fire(there: Installation, *more: dict[str, Any]) -> Outcome:
    began = time.monotonic()
    searches = [{"tuner": "random", "max_trials": TRIALS // 3}] * 3
    there.search(*searches, *more, seconds=0.05)
    killed = kill_until_done(there, KILLS, TRIALS)
    seconds = time.monotonic() - began
    ledger = audit(there.rows())
    figures = ledger.figures | {"seconds": round(seconds, 1), "killed": counted(killed)}
    if failures := there.query(FAILURES):
        figures["why trials failed"] = "; ".join(sorted({f"{each}" for each in failures}))[:1000]
    promises = promises_of(ledger) | {f"at least {KILLS - 4} kills": killed.total() >= KILLS - 4}
    return Outcome(figures, promises)


def kill_until_done(there: Installation, kills: int, trials: int, *kinds: str) -> Counter[str]:
    """Kill processes at random, spread over the next so many trials; returns once all searches have
    ended."""
    draw = random.Random(16)  # noqa: S311
    killed: Counter[str] = Counter()
    first = seen = there.finished()
    moved_at = time.monotonic()
    while there.searching():
        if (finished := there.finished()) != seen:
            seen, moved_at = finished, time.monotonic()
        elif time.monotonic() > moved_at + STUCK:
            raise TimeoutError(f"nothing ended for {STUCK} s, after {seen - first} trials")
        # Towards the end there is too little left to hit.
        due = (finished - first) * kills / (0.9 * trials)
        if killed.total() < min(kills, due + 1) and (kind := _kill_one(there, draw, kinds)):
            killed[kind] += 1
        time.sleep(PAUSE)
    return killed


def _kill_one(there: Installation, draw: random.Random, kinds: tuple[str, ...]) -> str:
    victims = [each for each in there.victims() if not kinds or each.kind in kinds]
    found = sorted({each.kind for each in victims})
    if not found:
        return ""
    [kind] = draw.choices(found, [WEIGHTS[each] for each in found])
    victim = draw.choice([each.process for each in victims if each.kind == kind])
    try:
        victim.kill()
    except psutil.NoSuchProcess:
        return ""
    return kind


def promises_of(ledger: Ledger) -> dict[str, bool]:
    return {
        f"{ledger.expected} results": ledger.completed == ledger.expected,
        "0 lost": not ledger.lost,
        "0 doubled": not ledger.doubled,
    }


# --- The same search with and without kills -------------------------------------------------------

STRATEGIES: tuple[dict[str, Any], ...] = (
    {"tuner": "random", "max_trials": 40},
    {"tuner": "grid", "max_trials": 40},
    {"tuner": "sobol", "max_trials": 40},
    {"tuner": "tpe", "max_trials": 40},
    {"tuner": "cmaes", "max_trials": 40},
    {"tuner": "auto", "max_trials": 40},
    {"tuner": "nsga2", "max_trials": 40},
    {"tuner": "bayesian", "max_trials": 25},
    {"tuner": "hyperband", "epochs": 9},
)
STRATEGY_KILLS = 60


def strategies() -> Outcome:
    """One trial at a time, so that a search has one history only: each strategy's, with kills and
    without."""
    searches = [{**each, "parallel_trials": 1, "seed": 7} for each in STRATEGIES]
    with installed(2, site=False, SLOTS="3") as there:
        there.search(*searches, seconds=0.01)
        there.wait(lambda: not there.searching(), "all searches have ended undisturbed")
        calm = there.count("tuning_trial")
        there.search(*searches, seconds=0.01)
        killed = kill_until_done(there, STRATEGY_KILLS, calm, "runner", "worker")
        rows, ledger = histories(there), audit(there.rows())
    count = len(STRATEGIES)
    equal = {
        name: rows[place] == rows[place + count]
        for place, name in enumerate(each["tuner"] for each in STRATEGIES)
    }
    same = {f"{name}: the same values, seeds and scores": held for name, held in equal.items()}
    figures = ledger.figures | {"killed": counted(killed)}
    return Outcome(figures, promises_of(ledger) | same)


def histories(there: Installation) -> list[list[tuple[Any, ...]]]:
    """Of each search, in order: values, rounds, seeds and scores of its trials."""
    rows = there.query(
        'SELECT search_id, number, "values", tuner_values, metrics, score FROM tuning_trial'
        " ORDER BY search_id, number"
    )
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        seed = parsed(row["metrics"]).get("seed")
        trial = (
            row["number"],
            parsed(row["values"]),
            parsed(row["tuner_values"]),
            seed,
            row["score"],
        )
        found.setdefault(row["search_id"], []).append(trial)
    return [found[key] for key in sorted(found)]
