"""Searches that want a GPU: the form, what pages say while none is there, and what trials used."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.api.conftest import Caller
from tuning.actions.dry_runs import dry_run_of_space
from tuning.actions.saved_models import retrain
from tuning.analysis.queue import Reason, queue
from tuning.models import (
    AuditEntry,
    HyperModel,
    Inspection,
    Project,
    Search,
    Trial,
    TrialIndex,
    Worker,
)
from tuning.protocol.model_kinds import ModelKind
from tuning.supervisor.claims import Slot, claim_next

from .addresses import addressed

NO_GPU = "No worker with a GPU"


@pytest.fixture
def worker(db: None) -> Worker:
    """It has a GPU in its first slot."""
    now = timezone.now()
    return Worker.objects.create(
        name="gpu-1", slots=2, gpu_slots=1, started_at=now, seen_at=now,
        devices=["GPU 0 (NVIDIA H200, 143 GB)", "CPU, 2 threads"],
    )  # fmt: skip


@pytest.fixture
def on_gpu(worker: Worker) -> Slot:
    return Slot(worker, 0)


def page(client: Client, name: str, *keys: Any) -> str:
    text: str = client.get(reverse(name, args=keys)).content.decode()
    return " ".join(text.split())


def start(client: Client, project: Project, **changes: Any) -> Search:
    url = reverse("search-create", args=[project.pk])
    form = client.get(url).context["form"]
    data = {field.name: field.value() for field in form if field.value() is not None}
    assert client.post(url, data | changes).status_code == 302
    return Search.objects.latest("pk")


def test_the_form_proposes_what_the_template_says(as_bob: Client, project: Project) -> None:
    assert start(as_bob, project).gpu == ""
    HyperModel.objects.update(gpu="require")
    search = start(as_bob, project)
    assert search.gpu == "require"
    assert start(as_bob, project, gpu="prefer").gpu == "prefer"
    again = reverse("search-create", args=[project.pk]) + f"?search={search.number}"
    HyperModel.objects.update(gpu="")
    assert as_bob.get(again).context["form"]["gpu"].value() == "require"


def test_the_form_says_when_no_worker_has_one(
    as_bob: Client, project: Project, worker: Worker
) -> None:
    assert NO_GPU not in page(as_bob, "search-create", project.pk)
    Worker.objects.update(gpu_slots=0)
    assert NO_GPU in page(as_bob, "search-create", project.pk)


def test_estimators_have_no_use_for_one(as_bob: Client, project: Project) -> None:
    Inspection.objects.update(model_kind=ModelKind.SKLEARN)
    HyperModel.objects.update(gpu="require")
    assert (
        "gpu" not in as_bob.get(reverse("search-create", args=[project.pk])).context["form"].fields
    )
    assert start(as_bob, project).gpu == ""


def test_nothing_has_a_search_of_estimators_wait_for_one(
    as_bob: Client, bob: User, project: Project, make_search: Any
) -> None:
    search = make_search(model_kind=ModelKind.SKLEARN)
    as_bob.post(reverse("search-gpu", args=[addressed(search)]), {"gpu": "require"})
    answer = Caller(bob).patch(
        f"projects/{project.pk}/searches/{search.number}", {"gpu": "require"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (
        409, "Trials of this search cannot use a GPU.",
    )  # fmt: skip
    search.refresh_from_db()
    assert search.gpu == ""
    assert "<dt>GPU</dt>" not in page(as_bob, "search-settings", search)
    Inspection.objects.update(model_kind=ModelKind.SKLEARN)
    HyperModel.objects.update(gpu="require")
    inspection = Inspection.objects.select_related("hypermodel").get()
    assert dry_run_of_space(bob, inspection).gpu == ""


def test_a_dry_run_needs_what_its_template_needs(bob: User, project: Project) -> None:
    HyperModel.objects.update(gpu="require")
    inspection = Inspection.objects.select_related("hypermodel").get()
    assert dry_run_of_space(bob, inspection).gpu == "require"


def test_a_waiting_dry_run_says_that_no_worker_has_a_gpu(
    as_bob: Client, bob: User, project: Project, worker: Worker
) -> None:
    HyperModel.objects.update(gpu="require")
    row = dry_run_of_space(bob, Inspection.objects.select_related("hypermodel").get())
    assert NO_GPU not in page(as_bob, "dry-run-live", row.pk)
    Worker.objects.update(gpu_slots=0)
    assert f"{NO_GPU} is available." in page(as_bob, "dry-run-live", row.pk)


def test_a_template_keeps_what_its_form_says(as_bob: Client, team: Any) -> None:
    data = {"name": "Ours", "kinds": ["image"], "code": "def build_model(hp): ...\n"}
    as_bob.post("/templates/new/", data | {"gpu": "prefer"})
    own = HyperModel.objects.get()
    assert own.gpu == "prefer"
    assert "<dt>GPU</dt><dd>Preferred</dd>" in page(as_bob, "hypermodel-detail", own.pk)
    as_bob.post(reverse("hypermodel-edit", args=[own.pk]), data | {"gpu": ""})
    own.refresh_from_db()
    assert (own.gpu, HyperModel.objects.count()) == ("", 1), "no new version: the code is the same"


def test_pages_say_what_a_search_waits_for(
    as_dora: Client, make_search: Any, worker: Worker, on_gpu: Slot, alice: User
) -> None:
    search = make_search(gpu="require")
    text = page(as_dora, "search-detail", search)
    assert "Waiting for a free GPU" in text
    assert NO_GPU not in text
    trial = search.trials.get()
    assert "Waiting for a free GPU" in page(as_dora, "trial-detail", trial)
    claimed = claim_next(on_gpu)
    model = retrain(alice, claimed)  # type: ignore[arg-type]
    assert "Waiting for a free GPU" in page(as_dora, "saved-model-detail", model)
    plain = make_search()
    assert "Waiting for a free slot" in page(as_dora, "search-detail", plain)


def test_a_search_page_says_that_no_worker_has_a_gpu(
    as_dora: Client, make_search: Any, worker: Worker
) -> None:
    search = make_search(gpu="require")
    Worker.objects.update(gpu_slots=0)
    text = page(as_dora, "search-detail", search)
    assert f"{NO_GPU} is available. Trials wait for one" in text
    assert reverse("search-settings", args=[search]) + "#gpu" in text
    assert NO_GPU not in page(as_dora, "search-detail", make_search(gpu="prefer"))


def test_a_retraining_says_so_too_and_its_search_can_be_changed(
    as_bob: Client, make_search: Any, worker: Worker, on_gpu: Slot, bob: User
) -> None:
    search = make_search(gpu="require", max_trials=1)
    model = retrain(bob, claim_next(on_gpu))  # type: ignore[arg-type]
    search.trials.update(status="completed")
    Search.objects.update(status="completed")
    assert NO_GPU not in page(as_bob, "saved-model-detail", model)
    Worker.objects.update(gpu_slots=0)
    text = page(as_bob, "saved-model-detail", model)
    assert f"{NO_GPU} is available." in text
    assert reverse("search-settings", args=[search]) + "#gpu" in text
    assert "Change</button>" in page(as_bob, "search-settings", search)


def test_the_setting_can_be_changed_while_it_waits(
    as_bob: Client, as_dora: Client, as_charlie: Client, make_search: Any, worker: Worker
) -> None:
    search = make_search(gpu="require")
    url = reverse("search-gpu", args=[addressed(search)])
    assert as_charlie.post(url, {"gpu": ""}).status_code == 404
    assert as_dora.post(url, {"gpu": ""}).status_code == 403
    settings = reverse("search-settings", args=[search])
    assert 'value="require" selected' in page(as_bob, "search-settings", search)
    assert "Change</button>" not in page(as_dora, "search-settings", search)
    assert as_bob.post(url, {"gpu": "prefer"})["Location"] == settings
    as_bob.post(url, {"gpu": "quantum"})
    search.refresh_from_db()
    assert search.gpu == "prefer"
    assert str(AuditEntry.objects.get(kind="search.gpu")) == (
        "bob set the GPU of search 1 to preferred"
    )
    assert "<dt>GPU</dt><dd>Preferred</dd>" in page(as_dora, "search-settings", search)


def reasons(user: User) -> list[tuple[Reason, int | None]]:
    return [(row.reason, row.position) for row in queue(user).rows]


def test_the_queue_says_what_is_missing(
    alice: User, make_search: Any, worker: Worker, on_gpu: Slot
) -> None:
    make_search(gpu="require", parallel_trials=3)
    assert reasons(alice) == [(Reason.NEXT, 1)]
    claim_next(on_gpu)
    assert reasons(alice) == [(Reason.NO_GPU_SLOT, 1)]
    assert queue(alice).slots.sentence == "1 of 2 slots free"
    plain = make_search()
    assert (Reason.NEXT, 1) in reasons(alice) or (Reason.NEXT, 2) in reasons(alice)
    plain.trials.all().delete()
    Search.objects.filter(pk=plain.pk).delete()
    Worker.objects.update(gpu_slots=0)
    assert reasons(alice) == [(Reason.NO_GPU, None)]
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert reasons(alice) == [(Reason.NO_GPU, None)]


def test_no_start_is_estimated_while_only_a_gpu_is_missing(
    alice: User, make_search: Any, worker: Worker
) -> None:
    busy = make_search(max_trials=9, parallel_trials=2)
    for number in (5, 6, 7):
        ended = Trial.objects.create(search=busy, number=number, status="completed")
        TrialIndex.objects.create(
            search=busy, trial=ended, number=number, status="completed", seconds=100
        )
    for slot in (0, 1):
        assert claim_next(Slot(worker, slot))
    plain = make_search()
    assert queue(alice).rows[0].starts_in is not None
    wanting = make_search(gpu="require")
    Search.objects.filter(pk=busy.pk).update(max_trials=5)
    assert {row.search: (row.reason, row.starts_in) for row in queue(alice).rows} == {
        plain: (Reason.NO_SLOT, None), wanting: (Reason.NO_GPU_SLOT, None),
    }  # fmt: skip


def test_retrainings_in_the_queue_need_what_their_search_needs(
    alice: User, make_search: Any, worker: Worker, on_gpu: Slot
) -> None:
    make_search(gpu="require", max_trials=1)
    trial = claim_next(on_gpu)
    retrain(alice, trial)  # type: ignore[arg-type]
    assert reasons(alice) == [(Reason.NO_GPU_SLOT, 1)]


def test_a_trial_shows_what_it_took_of_its_gpu(as_dora: Client, best: Trial) -> None:
    assert "GPU use" not in page(as_dora, "trial-detail", best)
    Trial.objects.update(gpu_name="NVIDIA H200", peak_gpu_memory=3 * 1024**3, gpu_use=0.634)
    text = page(as_dora, "trial-detail", best)
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>(?:<span[^>]*>)?([^<]+)<", text))
    assert (facts["GPU"], facts["Peak GPU memory"], facts["GPU use"]) == (
        "NVIDIA H200", "3.0 GB", "63%",
    )  # fmt: skip
    Trial.objects.update(peak_gpu_memory=None, gpu_use=None)
    facts = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)<", page(as_dora, "trial-detail", best)))
    assert (facts["Peak GPU memory"].strip(), facts["GPU use"]) == ("–", "–")


@pytest.mark.parametrize(
    ("key", "unit"), [("gpu_use", "share, 0 to 1"), ("gpu_memory", "bytes"), ("seconds", "seconds")]
)
def test_a_filter_says_what_its_limits_are(
    as_dora: Client, search: Search, key: str, unit: str
) -> None:
    for trial in search.trials.all():
        trial.gpu_name, trial.gpu_use = "NVIDIA H200", trial.number / 10
        trial.peak_gpu_memory = 2**30 * trial.number
        trial.save()
    TrialIndex.objects.fill(search)
    html = as_dora.get(reverse("trial-column", args=[search, key])).content.decode()
    assert f'class="muted">{unit}' in html


def test_compared_trials_show_it_too(as_dora: Client, search: Search, best: Trial) -> None:
    url = reverse("trial-compare", args=[search.project_id])
    trials = list(search.trials.all()[:2])
    shown = {"trial": [f"{search.number}.{trial.number}" for trial in trials]}
    assert "GPU use" not in as_dora.get(url, shown).content.decode()
    Trial.objects.filter(pk=trials[0].pk).update(gpu_name="NVIDIA H200", gpu_use=0.5)
    text = as_dora.get(url, shown).content.decode()
    assert "GPU use" in text
    assert "Peak GPU memory" not in text, "nobody could see it"


def test_the_workers_page_names_the_gpus(as_dora: Client, worker: Worker) -> None:
    text = page(as_dora, "worker-list")
    assert "GPU 0 (NVIDIA H200, 143 GB)" in text
    Worker.objects.update(gpu_problem="TensorFlow cannot use this machine’s GPU: GPU 0.")
    assert "TensorFlow cannot use this machine’s GPU: GPU 0." in page(as_dora, "worker-list")


def test_the_api_has_all_of_it(
    alice: User, bob: User, dora: User, project: Project, worker: Worker, best: Trial
) -> None:
    caller = Caller(bob)
    at = f"projects/{project.pk}/searches"
    made = caller.post(at, {"gpu": "require"}).json()
    assert made["settings"]["gpu"] == "require"
    changed = caller.patch(f"{at}/{made['number']}", {"gpu": "prefer"}).json()
    assert changed["settings"]["gpu"] == "prefer"
    assert caller.patch(f"{at}/{made['number']}", {"gpu": "many"}).status_code == 422
    assert Caller(dora).patch(f"{at}/{made['number']}", {"gpu": ""}).status_code == 403
    Trial.objects.filter(pk=best.pk).update(gpu_name="Tesla T4", peak_gpu_memory=7, gpu_use=0.5)
    trial = caller.get(f"{at}/{best.search.number}/trials/{best.number}").json()
    assert (trial["gpu"], trial["gpu_memory"], trial["gpu_use"]) == ("Tesla T4", 7, 0.5)
    assert caller.get("workers").json()[0]["gpu_slots"] == 1
    found = caller.get("queue").json()
    assert (found["gpu_slots"], found["free_gpu_slots"]) == (1, 1)
