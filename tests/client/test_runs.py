"""A script logs what it trains: batches, lost connections, ends of all kinds."""

import itertools
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests
import tuneroom
from django.contrib.auth.models import User
from django.utils import timezone
from tuneroom import runs
from tuneroom.http import TRIES

from tests.services import ROOT
from tuning.actions.access_tokens import create_token
from tuning.models import Epoch, Project, Scope, Trial
from tuning.models import Search as SearchRow
from tuning.protocol.statuses import Status
from tuning.supervisor import schedule

from .conftest import SiteAdapter


@pytest.fixture
def log(connected: tuneroom.Client, project: Project) -> tuneroom.Search:
    return connected.search("By hand", project=project.pk)


@pytest.fixture(autouse=True)
def nothing_is_left(log: tuneroom.Search) -> Iterator[None]:
    yield
    runs._open.clear()


def row() -> Trial:
    return Trial.objects.get()


def losing(times: int) -> Callable[[requests.PreparedRequest], None]:
    """A network that fails so many times."""
    left = itertools.count(times, -1)

    def lose(_: requests.PreparedRequest) -> None:
        if next(left) > 0:
            raise requests.ConnectionError("no route")

    return lose


def test_the_shortest_script(connected: tuneroom.Client, log: tuneroom.Search) -> None:
    run = connected.search("By hand").trial({"lr": 0.1, "net": {"units": 8}, "pool": [2, 2]})
    run.log(epoch=1, val_loss=0.3)
    ended = run.finish(0.3)
    assert (ended.status, ended.score) == ("completed", 0.3)
    assert ended.values == {"lr": 0.1, "net.units": 8, "pool": "[2, 2]"}
    assert log.refresh().data["trials"]["completed"] == 1
    assert row().script.endswith(runs.socket.gethostname())


def test_the_only_project_is_meant(connected: tuneroom.Client, log: tuneroom.Search) -> None:
    assert connected.search("Other", objective="accuracy").data["direction"] == "max"
    first = SearchRow.objects.get(name="Other").project
    Project.objects.create(
        team=first.team, name="More", dataset=first.dataset, hypermodel=first.hypermodel
    )
    with pytest.raises(LookupError, match="Give the project"):
        connected.search("Third")
    assert connected.search("Other").number == 2


def test_epochs_are_counted_and_batched(log: tuneroom.Search, site: SiteAdapter) -> None:
    run = log.trial({}, epochs=4)
    sent: list[str] = []
    site.before = lambda request: sent.append(str(request.url))
    run.log(loss=3.0)
    run.log(1, val_loss=0.5)
    run.log(val_loss=float("nan"))
    run.log(val_loss=0.4, execution=1)
    run.flush()
    assert len(sent) == 1
    found = Epoch.objects.order_by("execution", "epoch")
    assert list(found.values_list("execution", "epoch", "metrics")) == [
        (0, 1, {"loss": 3.0, "val_loss": 0.5}), (0, 2, {"val_loss": None}),
        (1, 1, {"val_loss": 0.4}),
    ]  # fmt: skip
    with pytest.raises(TypeError, match="val_loss is no number: 'low'"):
        run.log(val_loss="low")


def test_many_epochs_go_in_several_requests(log: tuneroom.Search, site: SiteAdapter) -> None:
    run = log.trial({})
    for number in range(1, 2_002):
        run.log(val_loss=1 / number)
    sent: list[str] = []
    site.before = lambda request: sent.append(str(request.url))
    assert run.finish().data["epochs"] == 2_001
    assert [address.rpartition("/")[2] for address in sent] == ["log", "log", "finish"]


def test_nothing_is_lost_while_the_site_is_away(log: tuneroom.Search, site: SiteAdapter) -> None:
    run = log.trial({})
    run.log(val_loss=0.5)
    site.before = losing(TRIES)
    with pytest.raises(requests.ConnectionError):
        run.flush()
    # Answers get lost as well: what has arrived comes again.
    site.after = losing(TRIES)
    with pytest.raises(requests.ConnectionError):
        run.flush()
    run.log(val_loss=0.4)
    # Longer than one request is tried.
    site.after = losing(TRIES + 2)
    assert run.finish().score == 0.4
    assert [epoch.metrics["val_loss"] for epoch in run.trial.epochs()] == [0.5, 0.4]


def test_a_run_that_was_taken_for_lost_goes_on(log: tuneroom.Search) -> None:
    run = log.trial({})
    run.log(val_loss=0.5)
    run.flush()
    Trial.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    schedule.reap()
    assert row().status == Status.FAILED
    run.log(val_loss=0.4)
    assert run.heartbeat()
    assert (row().status, row().epochs_done) == (Status.RUNNING, 2)
    assert run.finish().score == 0.4


def test_a_stopped_search_ends_the_run_quietly(log: tuneroom.Search) -> None:
    run = log.trial({})
    log.stop()
    run.log(val_loss=0.5)
    run.flush()
    assert run.should_stop
    assert run.stop_reason == "The search is stopped."
    assert run.finish(0.5).status == "stopped"
    with pytest.raises(RuntimeError, match="Trial 1 has ended"):
        run.log(val_loss=0.4)


def test_a_report_on_its_way_may_learn_of_the_stop(log: tuneroom.Search) -> None:
    run = log.trial({})
    log.stop()
    thread = log._run({"trial": run.trial.data, "attempt": 1, "lease_seconds": 120})

    @contextmanager
    def after_its_report() -> Iterator[None]:
        assert not thread.heartbeat()
        run._stop(thread.stop_reason)
        yield

    run._sending = after_its_report()  # type: ignore[assignment]
    assert run.finish(0.5).status == "stopped"


def test_what_ended_elsewhere_is_an_error(log: tuneroom.Search) -> None:
    run = log.trial({})
    other = log._run({"trial": run.trial.data, "attempt": 1, "lease_seconds": 120})
    other.finish(0.7)
    run.log(val_loss=0.5)
    run.flush()
    with pytest.raises(tuneroom.Problem, match="Trial 1 is completed"):
        run.finish(0.5)
    assert row().score == 0.7


def test_a_missing_score_can_be_given(log: tuneroom.Search) -> None:
    run = log.trial({})
    run.log(loss=0.5)
    with pytest.raises(tuneroom.Problem, match="The objective was not logged"):
        run.finish()
    ended = run.finish(0.5, test_loss=0.6)
    assert ended.metrics == {"loss": 0.5, "val_loss": 0.5, "test_loss": 0.6}


def test_a_context_ends_as_its_block_does(log: tuneroom.Search) -> None:
    with log.trial({}) as run:
        run.log(val_loss=0.5)
    assert row().score == 0.5
    with pytest.raises(ZeroDivisionError), log.trial({}):
        1 / 0  # noqa: B018
    failed = Trial.objects.get(number=2)
    assert failed.failure_message == "ZeroDivisionError: division by zero"
    assert "1 / 0" in failed.failure_traceback
    with log.trial({}) as run:
        run.prune()
    assert Trial.objects.get(number=3).status == Status.PRUNED


def test_a_token_that_only_reads_logs_nothing(
    log: tuneroom.Search, bob: User, site: SiteAdapter
) -> None:
    session = requests.Session()
    session.mount("http://testserver", site)
    reader = tuneroom.connect("http://testserver", create_token(bob, "x", Scope.READ), session)
    with pytest.raises(tuneroom.Problem, match="can only read"):
        reader.search("By hand").trial({})
    assert not Trial.objects.exists()


SCRIPT = """
    import sys, time, tuneroom
    run = tuneroom.connect(sys.argv[1]).search("By hand").trial({"lr": 0.1}, epochs=3)
    for epoch in (1, 2):
        run.log(epoch=epoch, val_loss=1 / epoch)
        while run._pending or run._sending.locked():
            time.sleep(0.01)
        print(epoch, flush=True)
        input()
    raise RuntimeError("out of memory")
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_script_elsewhere_is_followed_live(
    live_server: Any, project: Project, bob: User, as_dora: Any
) -> None:
    here = tuneroom.connect(live_server.url, create_token(bob, "x", Scope.WRITE))
    search = here.search("By hand")
    page = f"/projects/{project.pk}/searches/{search.number}"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), live_server.url], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, cwd=ROOT / "client" / "src",
        env={"TUNEROOM_TOKEN": create_token(bob, "script", Scope.WRITE), "PATH": ""},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for epoch in (1, 2):
            # The site shares a connection with this test: neither asks while the other does.
            assert process.stdout.readline() == f"{epoch}\n"
            live = as_dora.get(f"{page}/live/?since=0").content.decode()
            assert f"epoch {epoch} of 3" in live
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.wait() == 1
    failed = row()
    assert (failed.status, failed.failure_code) == (Status.FAILED, "script_error")
    assert failed.failure_message == "RuntimeError: out of memory"
    assert "in <module>" in failed.failure_traceback
    assert [epoch.metrics["val_loss"] for epoch in search.trial(1).epochs()] == [1, 0.5]
