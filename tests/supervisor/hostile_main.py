"""A runner for tests without Keras: hardened like the real one, it executes the "template" as the
first trial of a search. The trials after it are good ones."""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import tuning.protocol  # noqa: F401
from tuning.runner.fork_server import become_runner
from tuning.runner.sandbox.hardening import allows_network, confine_to_dataset, harden


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events-fd", type=int)
    parser.add_argument("--forks-fd", type=int)
    parser.add_argument("--parent-pid", type=int)
    arguments = parser.parse_args()
    if arguments.forks_fd is not None:
        flags = become_runner(arguments.forks_fd, arguments.parent_pid, load=lambda: None)
        arguments = parser.parse_args(flags)
    harden(arguments.parent_pid, int(os.environ["RUNNER_LEVEL"]))
    from tuning.protocol.events import NextTrial, Ready, TrialEnd
    from tuning.protocol.orders import SearchOrder, TrialOrder
    from tuning.runner.channel import Channel
    from tuning.runner.failures import failure_of

    channel = Channel(arguments.events_fd)
    channel.send(Ready())
    order = channel.receive()
    assert isinstance(order, SearchOrder)
    confine_to_dataset(Path(order.project.dataset_folder), offline=not allows_network())
    channel.send(NextTrial())
    while isinstance(trial := channel.receive(), TrialOrder):
        channel.begin_trial(trial.token)
        try:
            if trial.trial_id == "baseline":
                exec(order.project.code, {"__name__": "template"})  # noqa: S102
        except Exception as error:  # noqa: BLE001
            channel.send(failure_of(error))
        else:
            channel.send(TrialEnd({order.objective: 0.5}, 0))
        channel.send(NextTrial())
    os._exit(0)


main()
