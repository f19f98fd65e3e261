"""A script asks a search for what to train: with the client, and killed in mid-trial."""

import subprocess
import sys
import textwrap
from datetime import timedelta
from typing import Any

import pytest
import tuneroom
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.utils import timezone

from tests.services import ROOT
from tuning.actions.access_tokens import create_token
from tuning.models import Epoch, Project, Scope, Trial
from tuning.models import Search as SearchRow
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor import schedule, scripts

SPACE = {"x": {"low": -1.0, "high": 1.0}}


@pytest.fixture
def asked(connected: tuneroom.Client, project: Project) -> tuneroom.Search:
    """In place of a worker elsewhere, what a script waits for is there when it asks again."""
    connected.http.sleep = lambda seconds: scripts.make_asked()  # noqa: ARG005
    settings: Any = {"space": SPACE, "max_trials": 4, "strategy": "tpe", "seed": 3}
    return connected.search("Elsewhere", project=project.pk, direction="min", **settings)


def test_the_loop_ends_with_the_search(asked: tuneroom.Search) -> None:
    tried = []
    while trial := asked.ask():
        assert trial.heartbeat()
        tried.append(trial.values["x"])
        trial.log(val_loss=trial.values["x"] ** 2)
        trial.tell(trial.values["x"] ** 2)
    assert len(tried) == 4
    assert asked.refresh().status == SearchStatus.COMPLETED
    assert asked.best().score == min(x**2 for x in tried)


def test_waiting_has_an_end(connected: tuneroom.Client, asked: tuneroom.Search) -> None:
    connected.http.sleep = lambda seconds: None  # noqa: ARG005
    with pytest.raises(TimeoutError, match="No worker is available"):
        asked.ask(timeout=0)


def test_a_pruned_run_says_so_as_it_ends(asked: tuneroom.Search) -> None:
    for end in (lambda run: run.finish(0.5), lambda run: run.__exit__(None, None, None)):
        run = asked.ask()
        assert run is not None
        Trial.objects.filter(number=run.number).update(prune_now=True)
        run.log(val_loss=0.9)
        run.flush()
        assert run.should_stop
        assert run.is_pruned
        end(run)
        pruned = Trial.objects.get(number=run.number)
        assert (pruned.status, pruned.epochs_done) == (Status.PRUNED, 1)


SCRIPT = """
    import sys, tuneroom
    search = tuneroom.connect(sys.argv[1]).search("Elsewhere")
    trial = search.ask()
    trial.log(epoch=1, val_loss=trial.values["x"])
    trial.flush()
    print("logged", flush=True)
    input()
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_script_killed_in_mid_trial_loses_nothing(
    live_server: Any, project: Project, bob: User
) -> None:
    token = create_token(bob, "script", Scope.WRITE)
    here = tuneroom.connect(live_server.url, token)
    here.http.background = False
    search = here.search("Elsewhere", project=project.pk, space=SPACE, max_trials=1, strategy="tpe")
    # The site shares a connection with this test: neither writes while the other does.
    SearchRow.objects.update(asked_at=Now())
    scripts.make_asked()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), live_server.url], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, cwd=ROOT / "client" / "src",
        env={"TUNEROOM_TOKEN": token, "PATH": ""},
    )  # fmt: skip
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "logged\n"
        process.kill()
    assert Epoch.objects.exists()
    trial = Trial.objects.get()
    assert trial.status == Status.RUNNING
    Trial.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert schedule.reap() == 1
    again = search.ask(timeout=0)
    assert again is not None
    assert (again.number, again.attempt, again.values) == (1, 2, trial.values)
    again.tell(0.5)
    trial.refresh_from_db()
    assert (trial.score, trial.lost_attempts) == (0.5, 1)
    assert search.ask(timeout=0) is None
