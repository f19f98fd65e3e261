"""Pages ask the storage for nothing: what they need is in rows, or on this machine, or fetched by
a thread while they say that it is coming."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import RequestContext, Template
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.services import PATIENCE
from tests.storage.machines import Machine
from tuning.models import Dataset, ModelEvaluation, Prediction, SavedModel, SearchImport
from tuning.protocol.statuses import Status
from tuning.storage import at_hand
from tuning.storage.folder import FolderStore
from tuning.storage.stored import bytes_of, keep_file, keep_folder
from tuning.supervisor.references import note_sizes

from .evaluations import LINES, classification, evaluated, stored_images
from .permissions import PERMISSIONS

# What they answer is the file, or what is in it. `ready` tries the storage out.
WITH_FILES = {
    "dataset-picture", "prediction-rows", "ready", "saved-model-bundle", "saved-model-download",
    "saved-model-evaluation", "saved-model-picture", "saved-model-rows",
}  # fmt: skip
METHODS = ("_look", "read", "entries", "put", "put_bytes", "recover")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What this thread asks the store. What others ask is not waited for."""
    calls: list[str] = []
    here = threading.get_ident()

    def counted(name: str) -> Any:
        real = getattr(FolderStore, name)

        def call(*args: Any, **options: Any) -> Any:
            if threading.get_ident() == here:
                calls.append(name)
            return real(*args, **options)

        return call

    for name in METHODS:
        monkeypatch.setattr(FolderStore, name, counted(name))
    return calls


@pytest.fixture
def worker_machine(settings: Any, tmp_path: Path) -> Machine:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    machine = Machine(settings, tmp_path / "worker")
    machine.use()
    return machine


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Machine:
    return Machine(settings, tmp_path / "site")


def leave_to_storage(saved_model: SavedModel, site: Machine) -> None:
    """From now on, this is a site without any file of an evaluated model and its dataset. Rows are
    as earlier versions have left them, without sizes."""
    evaluation = evaluated(saved_model, classification(), LINES)
    stored_images(saved_model, "images")
    saved_model.stored.place.write_bytes(b"k" * 1000)
    SavedModel.objects.filter(pk=saved_model.pk).update(sha256=keep_file(saved_model.stored.place))
    ModelEvaluation.objects.update(sha256=keep_file(evaluation.stored.place))
    dataset = saved_model.project.dataset
    sha256 = keep_folder(dataset.stored.place)
    Dataset.objects.filter(pk=dataset.pk).update(sha256=sha256, team=saved_model.project.team)
    site.use()


@pytest.fixture
def elsewhere(saved_model: SavedModel, worker_machine: Machine, site: Machine) -> Machine:
    leave_to_storage(saved_model, site)
    return site


def arrived(site: Machine, *names: str) -> None:
    """Wait until the site has fetched these."""
    for thread in threading.enumerate():
        if thread.name == "fetching":
            thread.join(PATIENCE)
    assert all((site.root / name).exists() for name in names)


@pytest.mark.slow
def test_pages_ask_the_storage_for_nothing(
    worker_machine: Machine, site: Machine, address: Any, saved_model: SavedModel,
    as_alice: Client, alice: User, asked: list[str],
) -> None:  # fmt: skip
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    urls = {name: address(name) for name in sorted(PERMISSIONS)}
    leave_to_storage(saved_model, site)
    Prediction.objects.update(
        file="1-1.csv", sha256="2" * 64, size=15, upload_sha256="1" * 64, upload_size=8,
        status=Status.QUEUED,
    )  # fmt: skip
    SearchImport.objects.update(upload_sha256="1" * 64, upload_size=8, status=Status.QUEUED)
    note_sizes()
    asked.clear()
    wrong = {}
    for name, url in urls.items():
        if name in WITH_FILES:
            continue
        response = as_alice.get(url)
        if response.streaming:
            response.getvalue()
        if asked:
            wrong[name] = list(asked)
        asked.clear()
        arrived(site)
    assert wrong == {}


def test_a_page_does_not_wait_for_a_dataset(
    as_dora: Client, elsewhere: Machine, saved_model: SavedModel, asked: list[str],
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    note = "Some files of this page are still being fetched from the storage."
    url = reverse("saved-model-detail", args=[saved_model])
    go_on = threading.Event()
    request.addfinalizer(go_on.set)
    read = FolderStore.read

    def slow(self: FolderStore, sha256: str, start: int = 0) -> Any:
        assert go_on.wait(PATIENCE)
        return read(self, sha256, start)

    monkeypatch.setattr(FolderStore, "read", slow)
    assert note in as_dora.get(url).content.decode()
    # Another person's page does not fetch it again.
    assert note in as_dora.get(url).content.decode()
    assert len([each for each in threading.enumerate() if each.name == "fetching"]) <= 2
    go_on.set()
    arrived(elsewhere)
    # The rows come once their predictions are here.
    as_dora.get(url)
    arrived(elsewhere, "datasets/images")
    page = as_dora.get(url).content.decode()
    assert note not in page
    # A download waits for its file.
    picture = as_dora.get(reverse("saved-model-picture", args=[saved_model, 7]))
    assert picture.status_code == 200


def test_what_the_content_misses_is_said_above_it(rf: RequestFactory) -> None:
    request: Any = rf.get("/")
    request.user, request.lacking_files = AnonymousUser(), []
    page = Template("{% extends 'base.html' %}{% block content %}<p>{{ read }}</p>{% endblock %}")

    def read() -> str:
        request.lacking_files.append(Path("x.npy"))
        return "As far as it is here."

    html = page.render(RequestContext(request, {"read": read}))
    assert 0 < html.index("are still being fetched") < html.index("As far as it is here.")
    request.lacking_files = []
    html = page.render(RequestContext(request, {"read": "All."}))
    assert "<p>All.</p>" in html
    assert "being fetched" not in html


def test_what_the_storage_lacks_is_not_coming(
    as_dora: Client, elsewhere: Machine, saved_model: SavedModel
) -> None:
    for path in (elsewhere.root.parent / "store").glob("*/*"):
        path.unlink()
    url = reverse("saved-model-detail", args=[saved_model])
    as_dora.get(url)
    arrived(elsewhere)
    page = as_dora.get(url).content.decode()
    assert "still being fetched" not in page
    at_hand._missing.clear()


def test_sizes_of_earlier_versions_are_noted(
    elsewhere: Machine, saved_model: SavedModel, settings: Any
) -> None:
    here, dataset = elsewhere.root.parent / "worker", saved_model.project.dataset
    note_sizes()
    evaluation = ModelEvaluation.objects.get()
    assert evaluation.size == bytes_of(here / "saved_models" / evaluation.file)
    assert Dataset.objects.get(pk=dataset.pk).size == bytes_of(here / "datasets" / "images")


def test_nothing_is_noted_of_content_that_is_gone(
    elsewhere: Machine, saved_model: SavedModel
) -> None:
    dataset = saved_model.project.dataset
    Dataset.objects.filter(pk=dataset.pk).update(sha256="3" * 64)
    note_sizes()
    # Else it counted as empty for ever, though the store may have it again tomorrow.
    assert Dataset.objects.get(pk=dataset.pk).size is None
