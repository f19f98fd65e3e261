"""A search whose trials scripts log: its pages work, live, and offer nothing that would run."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.scripts import begin_run, open_log
from tuning.analysis.trials.exports import FORMATS
from tuning.models import Project, Search, Trial
from tuning.protocol.events import EpochEnd
from tuning.recording import scripts
from tuning.strategies.traits import Name


@pytest.fixture
def log(project: Project, bob: User) -> Search:
    found, _ = open_log(
        bob, Search(project=project, name="By hand", objective="val_loss", direction="min")
    )
    return found


@pytest.fixture
def run(log: Search) -> Any:
    def begin(**values: Any) -> Trial:
        trial = begin_run(log, values, "train.py on gpu-box")
        assert trial is not None
        return trial

    return begin


def logged(trial: Trial, *losses: float | None) -> None:
    epochs = [EpochEnd(0, n, 1.0, {"val_loss": loss}) for n, loss in enumerate(losses, 1)]
    assert scripts.log(trial, 1, epochs) == scripts.Verdict()


def text_of(client: Client, name: str, row: Any, query: str = "") -> str:
    answer = client.get(reverse(name, args=[row]) + query)
    assert answer.status_code == 200, name
    return answer.getvalue().decode()


def test_bob_opens_a_log_and_reads_how_to_fill_it(as_bob: Client, project: Project) -> None:
    url = reverse("log-create", args=[project.pk])
    assert url in text_of(as_bob, "project-detail", project.pk)
    wrong = as_bob.post(url, {"name": "", "objective": "wiggles"})
    assert wrong.status_code == 422
    assert "Is wiggles better when higher or lower?" in wrong.content.decode()
    answer = as_bob.post(url, {"name": 'By "hand"', "objective": "val loss", "direction": "min"})
    search = Search.objects.get()
    assert answer["Location"] == reverse("search-detail", args=[search])
    page = text_of(as_bob, "search-detail", search)
    assert "Log the first trial" in page
    assert "client.search(&quot;By \\&quot;hand\\&quot;&quot;, project=" in page
    assert "run.log(epoch=epoch, **{&quot;val loss&quot;: …})" in page
    assert "No worker is available" not in page
    assert "No trials yet" in page
    assert "Waiting for a script to log a trial" in page


def test_its_trials_are_followed_live(as_dora: Client, log: Search, run: Any) -> None:
    first = run(lr=0.1)
    logged(first, 0.5, 0.4)
    live = text_of(as_dora, "search-live", log, "?since=0")
    assert "epoch 2" in live
    assert "train.py on gpu-box" in live
    assert "Waiting for a script" not in live
    assert 'id="log-guide"' in live
    assert "[0.5,0.4]" in text_of(as_dora, "search-plots", log)
    log.refresh_from_db()
    since = f"?since={log.revision}"
    assert as_dora.get(reverse("search-live", args=[log]) + since).status_code == 204
    scripts.complete(first, 1, [], {})
    live = text_of(as_dora, "search-live", log, since)
    assert "<b>1 trial</b>" in live
    assert "logged by scripts, open for more" in live


def test_a_search_that_no_script_asks_says_that_it_waits(
    as_dora: Client, search: Search, best: Trial
) -> None:
    Search.objects.update(origin=Search.Origin.SCRIPT, status="running", finished_at=None)
    page = text_of(as_dora, "search-detail", search)
    assert "Waiting for a script to ask for a trial" in page
    assert "waiting for a script" in page
    assert "Time left" not in page
    Trial.objects.filter(pk=best.pk).update(status="failed", failure_code="script_error")
    page = text_of(as_dora, "search-detail", search)
    assert f"trial {best.number}</a>: The script reported a failure." in page


def test_all_its_pages_work(as_bob: Client, log: Search, run: Any, project: Project) -> None:
    trials = [run(lr=0.1, layer="relu"), run(lr=0.01, layer="tanh", extra=3), run(lr=0.001)]
    for trial, losses in zip(trials, ([0.5, 0.4], [0.3, None], [0.6]), strict=True):
        logged(trial, *losses)
    scripts.complete(trials[0], 1, [], {})
    scripts.complete(trials[1], 1, [], {})
    page = text_of(as_bob, "search-detail", log)
    for absent in ("Extend search", "Retrain", "New search with these settings", "Confirm the top"):
        assert absent not in page
    assert "Top trials" in page
    assert reverse("search-stop", args=[log]) in page
    assert "logged by scripts" in page
    settings = text_of(as_bob, "search-settings", log)
    assert "0.001 to 0.1" in settings
    for name in ("search-plots", "search-tensorboard", "search-stop", "search-delete"):
        text_of(as_bob, name, log) if name != "search-tensorboard" else as_bob.get(
            reverse(name, args=[log])
        ).getvalue()
    table = text_of(as_bob, "trial-list", log, "?hp:lr__lt=0.05&sort=score")
    assert reverse("trial-detail", args=[trials[1]]) in table
    assert reverse("trial-detail", args=[trials[0]]) not in table
    for format in FORMATS:
        exported = as_bob.get(reverse("trial-list", args=[log]) + f"?format={format}")
        assert exported.getvalue(), format
    for trial in trials:
        assert "train.py on gpu-box" in text_of(as_bob, "trial-detail", trial)
        text_of(as_bob, "trial-live", trial) if trial == trials[2] else None
    compare = reverse("trial-compare", args=[project.pk])
    picked = "&".join(f"add={log.number}.{trial.number}" for trial in trials)
    assert as_bob.get(f"{compare}?{picked}", follow=True).status_code == 200
    assert "Logged by scripts" in text_of(as_bob, "project-detail", project.pk)
    for name in ("project-activity", "project-trials", "search-compare"):
        text_of(as_bob, name, project.pk)


def test_nothing_of_it_can_be_run(as_bob: Client, log: Search, run: Any) -> None:
    trial = run(lr=0.1)
    logged(trial, 0.5)
    scripts.complete(trial, 1, [], {})
    assert as_bob.post(reverse("trial-retrain", args=[trial])).status_code == 404
    assert as_bob.get(reverse("search-try", args=[log])).status_code == 404
    assert log.tuner == Name.GIVEN
    confirm = as_bob.get(reverse("search-confirm", args=[log]), follow=True)
    assert "Scripts train the trials of this search" in confirm.content.decode()


def test_a_name_with_another_objective_is_refused(
    as_bob: Client, project: Project, log: Search
) -> None:
    url = reverse("log-create", args=[project.pk])
    same = as_bob.post(url, {"name": "By hand", "objective": "val_loss", "direction": ""})
    assert same["Location"] == reverse("search-detail", args=[log])
    for objective, direction in (("val_accuracy", "max"), ("val_loss", "max")):
        other = {"name": "By hand", "objective": objective, "direction": direction}
        answer = as_bob.post(url, other)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "has this name and another objective: val_loss, lower is better" in page
        assert f'value="{objective}"' in page
    assert Search.objects.get() == log


def test_its_end_is_an_activity(as_bob: Client, project: Project, log: Search) -> None:
    Search.objects.update(status="completed", finished_at=timezone.now())
    assert "Completed" in text_of(as_bob, "project-activity", project.pk)
