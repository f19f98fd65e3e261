"""A runner that trains nothing: the real one's command, isolation and pipes, and scores that follow
from values and seed.

The template's "code" is JSON: `{"seconds": 0.05}` is how long an epoch takes. Every event of a
trial bears the token of its attempt as a metric, so that rows show who wrote them.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Found now: once hardened, the folder that they lie in can no longer be listed.
from tuning.protocol.events import (
    Built,
    EpochEnd,
    Metrics,
    NextTrial,
    Ready,
    TrialEnd,
    TrialPruned,
)
from tuning.protocol.orders import EndOrder, SearchOrder, TrialOrder
from tuning.runner.channel import Channel
from tuning.runner.fork_server import become_runner
from tuning.runner.sandbox.hardening import harden

VERDICT_SECONDS = 30.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events-fd", type=int)
    parser.add_argument("--forks-fd", type=int)
    parser.add_argument("--parent-pid", type=int, required=True)
    parser.add_argument("--no-keras", action="store_true")
    options = parser.parse_args()
    if options.forks_fd is not None:
        flags = become_runner(options.forks_fd, options.parent_pid, load=lambda: None)
        options = parser.parse_args(flags)
    harden(options.parent_pid, int(os.environ.get("RUNNER_LEVEL", "0")))
    channel = Channel(options.events_fd)
    channel.send(Ready())
    search = None
    while not isinstance(order := channel.receive(), EndOrder):
        if isinstance(order, SearchOrder):
            search = order
        elif isinstance(order, TrialOrder) and search is not None:
            train(search, order, channel)
        channel.send(NextTrial())


def train(search: SearchOrder, order: TrialOrder, channel: Channel) -> None:
    seconds = json.loads(search.project.code)["seconds"]
    token = random.SystemRandom().random()
    channel.begin_trial(order.token)
    if search.hyperband:
        _check_weights(order)
        _leave_weights(order)
    channel.send(Built(parameters=100))
    first = int(order.values.get("tuner/initial_epoch", 0))
    last = int(order.values.get("tuner/epochs", search.epochs))
    best: Metrics = {}
    best_step = 0
    for epoch in range(first + 1, last + 1):
        time.sleep(seconds)
        metrics = metrics_of(search.objective, order, epoch, token)
        if not best or (metrics[search.objective] or 0) > (best[search.objective] or 0):
            best, best_step = metrics, epoch - first - 1
        channel.send(EpochEnd(0, epoch, seconds, metrics))
        if order.verdicts_after is not None and epoch > order.verdicts_after:
            verdict = channel.verdict(VERDICT_SECONDS)
            if verdict is None or verdict.prune:
                channel.send(TrialPruned())
                return
    channel.send(TrialEnd(best, best_step))


def metrics_of(objective: str, order: TrialOrder, epoch: int, token: float) -> Metrics:
    """The same for the same values and seed, whoever trains them, but for the token."""
    own = {name: value for name, value in order.values.items() if not name.startswith("tuner/")}
    text = json.dumps([own, order.seed], sort_keys=True)
    luck = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
    return {objective: luck * (1 - 0.5**epoch), "seed": float(order.seed), "token": token}


def _check_weights(order: TrialOrder) -> None:
    """A trial of a later round starts from its parent's weights, and from no others."""
    if parent := order.values.get("tuner/trial_id"):
        found = _weights(str(parent)).read_text()
        assert found == parent, f"The weights of {found} are not those of {parent}."


def _leave_weights(order: TrialOrder) -> None:
    path = _weights(order.trial_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(order.trial_id)


def _weights(trial_id: str) -> Path:
    return Path("kt", "search", f"trial_{trial_id}", "checkpoint.weights.h5")


if __name__ == "__main__":
    main()
