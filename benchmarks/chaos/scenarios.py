"""The table of scenarios: what is disturbed, and what must hold."""

from collections.abc import Callable
from dataclasses import dataclass

from . import (
    boundaries,
    clocks,
    endurance,
    full_disk,
    guide,
    killing,
    network,
    outages,
    real_trials,
    scale,
    stalling,
    writers,
)
from .outcome import Outcome

# What nearly all of them promise.
ONCE = "Every trial has one result; none is lost, none is counted twice."


@dataclass(frozen=True)
class Scenario:
    """`minutes`: about how long it takes on two idle cores; `remark`: what the figures mean."""

    name: str
    title: str
    disturbance: str
    promise: str
    run: Callable[[], Outcome]
    minutes: float
    remark: str = ""


SCENARIOS = (
    Scenario(
        "kills", "Killed processes, SQLite",
        "600 fast trials on 4 workers. `kill -9` of random processes: runners, workers, site, "
        "scheduler and what starts them.",
        ONCE, killing.kills_on_sqlite, 1,
    ),
    Scenario(
        "kills-servers", "Killed processes, PostgreSQL, Redis and S3",
        "The same with PostgreSQL and Redis, which are killed as well, and with a search by "
        "Hyperband in addition, whose trials find their parents' weights in an S3 store.",
        ONCE, killing.kills_on_servers, 1.5,
        "In one of eight earlier runs, one of 624 trials failed. A supervisor that gave the "
        "guardian of a killed runner two seconds to notice may have been the cause; it gives "
        "fifteen more since. None was lost or doubled. 1,440 trials of Hyperband alone had 360 "
        "kills in six more runs, and two runs followed the change: none of their trials failed.",
    ),
    Scenario(
        "strategies", "Each strategy under fire",
        "Each strategy searches twice with the same seed, in peace and while runners and workers "
        "are killed. Trials are fast and fake.",
        "Both searches have the same values, brackets, seeds and scores.",
        killing.strategies, 1.5,
    ),
    Scenario(
        "real", "Real trials under fire",
        "The same with networks that Keras trains.",
        "Both searches have the same values, rounds and scores, to the last digit.",
        real_trials.real_trials, 2,
    ),
    Scenario(
        "stalls", "A worker that sleeps",
        "A worker is stopped (SIGSTOP) until its leases have expired and others have its trials, "
        "then it wakes up.",
        f"{ONCE} What the sleeper had is refused.", stalling.stalls, 1.5,
    ),
    Scenario(
        "boundaries", "Every commit boundary",
        "`kill -9` before and after each commit, after each write outside a transaction, and "
        "before each file is opened for writing, renamed, linked or removed, in turn: claims, "
        "epochs and ends of trials, retraining, uploads, backups, and each fifth boundary of a "
        "search by Hyperband.",
        "Whatever was begun is completed by the next worker; nothing is doubled or left behind.",
        boundaries.boundaries, 2.5,
    ),
    Scenario(
        "broker", "The broker fails",
        "Redis is emptied, killed, or stopped so that it takes connections and never answers: ten "
        "times in all.",
        f"{ONCE} No attempt is lost.", outages.broker, 1,
    ),
    Scenario(
        "postgres", "PostgreSQL restarts",
        "Ten times, every second time by `kill -9`.", ONCE, outages.postgres, 1,
    ),
    Scenario(
        "sqlite-lock", "SQLite is locked",
        "Another program holds the write lock for 15 s.",
        f"{ONCE} No attempt is lost.", outages.sqlite_lock, 1,
    ),
    Scenario(
        "writers", "Four writers",
        "Four programs record epochs in one SQLite database for a minute, as fast as they can.",
        "Every write is there, and no “database is locked”.", writers.writers, 1,
    ),
    Scenario(
        "disk", "The disk is full",
        "A small tmpfs with 0 to 1,024 KB left, at the same work as for the commit boundaries.",
        "Once there is room, everything is completed; nothing half-written is used or left behind.",
        full_disk.full_disk, 1,
    ),
    Scenario(
        "clocks", "Clocks are moved",
        "The clocks of the database and of its machine are moved by an hour, back and forth, while "
        "one trial runs and another one has just lost its worker. Time is simulated.",
        "No live trial loses an attempt, and lost ones run again as soon as otherwise.",
        clocks.clocks, 0.5,
    ),
    Scenario(
        "messages", "Messages come five times",
        "Every hint is sent five times, again and again.", ONCE, outages.messages, 0.5,
    ),
    Scenario(
        "network", "Machines are cut off",
        "Three workers in network namespaces of their own. One is cut off for a minute and for "
        "five; packets of another one take 200 ms, and 5 % of them come late, as after a loss.",
        f"{ONCE} The others continue meanwhile.", network.network, 8,
    ),
    Scenario(
        "guide", "The deployment guide, word by word",
        "The commands of [docs/deployment.md](deployment.md), typed on machines of their own "
        "(network namespaces): the site with PostgreSQL, Redis, S3 and TLS on one, workers that "
        "join by token on two others, and a browser on a fourth, whose search runs over both "
        "workers. The cable of one is pulled while it trains.",
        f"{ONCE} What the pulled machine trained is trained again, and the browser follows the "
        "search to its end.",
        guide.guide, 2,
    ),
    Scenario(
        "endurance", "A long run",
        "1,000 trials on one worker with one slot.",
        "Its memory, descriptors, threads and folders stay as they are.", endurance.long_run, 0.5,
    ),
    Scenario(
        "day", "A day",
        "24 simulated hours. Each hour a worker is lost, and a crash leaves files behind.",
        "Lost trials run again within the usual time, and what crashes left is removed.",
        clocks.day, 1.5,
    ),
    Scenario(
        "scale", "Load",
        "The code that claims and records trials, with fake runners, on PostgreSQL: 1,000 workers, "
        "100 searches, more than a million trials.",
        "50 claims a second, 95 % of them within 100 ms, with database and workers on the same two "
        "cores; the table of a million trials comes within 500 ms.",
        scale.scale, 2.5,
        "The limits, in the order in which they are reached: (1) Idle workers that look for work. "
        "With more than 50, each looks less often. (2) Counting trials with each claim, and "
        "finding the last end of a search with each end. Both took 7 ms for 100 searches with "
        "1,000 trials each, and 490 ms for a search of a million; with indexes they take less than "
        "1 ms. (3) The processor: with the database on the same two cores, a trial takes some 35 "
        "ms of one in all, 15 of them the database's. Above 50 claims a second, give workers cores "
        "of their own. (4) Suggestions of strategies that go through all trials of the search. "
        "With 10,000 trials, one of TPE takes 180 ms of a processor, one of random search 55 and "
        "one of Sobol (as here) 4: start new searches in place of ones with tens of thousands. "
        "Workers remember ended trials (as they did here) of up to 150,000: one that has just "
        "started reads those of a search once, which takes some 25 ms for 1,000.",
    ),
)  # fmt: skip
