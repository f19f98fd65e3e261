"""`manage.py doctor`: one line for each thing, with what to do about it."""

import errno
import os
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.services import free_port
from tests.storage.s3_server import S3Server
from tuning.management import worker_checks
from tuning.management.commands import doctor
from tuning.management.findings import Level
from tuning.models import Release, Worker
from tuning.protocol import release
from tuning.supervisor import gpus
from tuning.supervisor.gpus import Gpu

MOUNTS = """\
/dev/vda / ext4 rw 0 0
proc /proc proc rw 0 0
server:/export /srv nfs4 rw 0 0
me@host: /srv/with\\040space fuse.sshfs rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/data", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/data", "nfs4"),
        ("/srvdata", "ext4"),
        ("/srv/with space/data", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_innermost_mount(mounts: Path, path: str, kind: str) -> None:
    assert doctor.file_system(Path(path), mounts) == kind


def test_a_network_file_system_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "file_system", lambda *_: "nfs4")
    [finding] = doctor.data_folder()
    assert finding.level is Level.WARN
    assert "network file system (nfs4)" in finding.text


@pytest.mark.parametrize(("free", "level"), [(10, Level.OK), (3, Level.WARN), (0.5, Level.FAIL)])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, free: float, level: Level) -> None:
    usage = SimpleNamespace(free=int(free * doctor.GIB))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    [finding] = doctor.disk()
    assert finding.level is level


def test_a_database_without_workers(db: None) -> None:
    database, workers, version, clocks = doctor.database()
    assert workers.level is Level.WARN
    assert {database.level, version.level, clocks.level} == {Level.OK}


def make_worker(name: str, **values: Any) -> None:
    now = timezone.now()
    versions = {"tuneroom": release.build(), "keras": "3.15.1", **values.pop("versions", {})}
    Worker.objects.create(
        name=name, slots=2, started_at=now, seen_at=now, versions=versions, **values
    )


@pytest.mark.parametrize(
    ("values", "level", "subject", "text"),
    [
        ({"refusal": "It is too old."}, Level.FAIL, "Workers", "gpu-2 takes no work. It is too"),
        ({"requested": "pause"}, Level.WARN, "Workers", "Resume it on the workers page"),
        ({"requested": "drain"}, Level.WARN, "Workers", "gpu-2 is draining"),
        ({"gpu_problem": "TensorFlow cannot use GPU 0."}, Level.WARN, "GPUs", "gpu-2: TensorFlow"),
        ({"clock_offset": 75.0}, Level.WARN, "Clocks", "gpu-2 is 75 s ahead of the database"),
        ({"clock_offset": -75.0}, Level.WARN, "Clocks", "gpu-2 is 75 s behind the database"),
        ({"versions": {"tuneroom": "old"}}, Level.WARN, "Versions of workers", "gpu-2: other code"),
        (
            {"versions": {"keras": "3.14"}}, Level.WARN, "Versions of workers",
            "keras differs (3.15.1 on gpu-1; 3.14 on gpu-2)",
        ),
    ],
)  # fmt: skip
def test_a_worker_that_is_not_well_is_named_with_what_to_do(
    db: None, values: dict[str, Any], level: Level, subject: str, text: str
) -> None:
    make_worker("gpu-1", clock_offset=0.1)
    assert {finding.level for finding in worker_checks.check_workers()} == {Level.OK}
    make_worker("gpu-2", **values)
    [wrong] = [found for found in worker_checks.check_workers() if found.level is not Level.OK]
    assert (wrong.level, wrong.subject) == (level, subject)
    assert text in wrong.text


@pytest.mark.parametrize(
    ("values", "level", "text"),
    [
        ({"build": "other"}, Level.WARN, "other prepared the database"),
        ({"oldest_worker_protocol": 99}, Level.FAIL, "too old for the database"),
        ({"worker_protocol": 0}, Level.FAIL, "Update the site first: make setup"),
    ],
)
def test_another_version_than_the_database_s_is_told(
    db: None, values: dict[str, Any], level: Level, text: str
) -> None:
    Release.objects.update(**values)
    [found] = [each for each in worker_checks.check_workers() if each.subject == "Version"]
    assert found.level is level
    assert text in found.text


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Free disk space."),
        (errno.EROFS, "mounted read-only"),
        (errno.EACCES, "Change its owner"),
        (errno.ENETDOWN, "network file system"),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_told_with_its_cause(
    settings: Any, monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    # However busy this machine's disk is.
    monkeypatch.setattr(doctor, "SLOW_WRITE_SECONDS", float("inf"))
    real = doctor.write_probe
    assert [found.level for found in doctor.storage()] == [Level.OK]

    def probe(root: Path, sync: bool) -> None:
        if root == settings.SAVED_MODELS_ROOT:
            raise OSError(number, os.strerror(number))
        real(root, sync)

    monkeypatch.setattr(doctor, "write_probe", probe)
    [finding] = doctor.storage()
    assert finding.level is Level.FAIL
    assert f"{settings.SAVED_MODELS_ROOT} can't be written to" in finding.text
    assert advice in finding.text
    assert not list(Path(settings.SAVED_MODELS_ROOT).glob(".probe-*"))


def test_a_folder_that_is_gone_and_a_slow_disk_are_told(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "SLOW_WRITE_SECONDS", float("inf"))
    settings.UPLOADS_ROOT = tmp_path / "gone"
    [finding] = doctor.storage()
    assert "It is missing." in finding.text
    monkeypatch.setattr(doctor, "SLOW_WRITE_SECONDS", -1.0)
    assert "Trials wait for the disk" in list(doctor.storage())[-1].text


def test_isolation_below_the_least_level_is_a_failure(settings: Any) -> None:
    settings.SANDBOX_MIN_LEVEL = 5
    finding = next(found for found in doctor.isolation() if found.subject == "Isolation")
    assert finding.level is Level.FAIL
    assert "SANDBOX_MIN_LEVEL (5)" in finding.text


def test_a_broker_that_does_not_answer(settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 1, "socket_connect_timeout": 1}
    [finding] = doctor.broker()
    assert finding.level is Level.FAIL
    assert "Check REDIS_URL" in finding.text


def test_every_line_says_how_bad_and_what(
    db: None, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(doctor, "gpus", lambda: iter([doctor.ok("GPUs", "none")]))
    monkeypatch.setattr(doctor, "disk", lambda: iter([doctor.fail("Disk", "full. Make room.")]))
    with pytest.raises(CommandError, match="1 problem to fix"):
        call_command("doctor", no_color=True)
    lines = capsys.readouterr().out.splitlines()
    assert "fail  Disk: full. Make room." in lines
    assert all(line.split(" ")[0] in ("ok", "warn", "fail") for line in lines)
    assert any("Isolation" in line for line in lines)


@pytest.mark.tensorflow
def test_tensorflow_is_found() -> None:
    findings = list(doctor.gpus())
    assert [finding.subject for finding in findings] == ["TensorFlow", "GPUs"]
    assert findings[0].level is Level.OK


def test_gpus_are_named_with_what_tensorflow_lacks(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    usable, unusable = Gpu(0, "NVIDIA H200"), Gpu(1, "Tesla K80")
    monkeypatch.setattr(gpus, "installed", lambda: (usable, unusable))
    monkeypatch.setattr(gpus, "seen_by_tensorflow", lambda _: (usable,))
    monkeypatch.setattr(gpus, "find", lambda: gpus.Found((usable,)))
    settings.CPU_SLOTS = 3
    tensorflow, first, second, slots = doctor.gpus()
    assert (tensorflow.level, first.level, slots.level) == (Level.OK,) * 3
    assert first.text == "GPU 0 (NVIDIA H200)"
    assert second.level is Level.WARN
    assert "can't use GPU 1 (Tesla K80). Install CUDA's libraries" in second.text
    assert slots.text == "1 with a GPU, 3 without"


def test_a_proxy_that_is_not_named_is_told(settings: Any) -> None:
    settings.HTTPS = True
    assert "TRUSTED_PROXIES" in " ".join(finding.text for finding in doctor.site())
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    assert "TRUSTED_PROXIES" not in " ".join(finding.text for finding in doctor.site())


@pytest.mark.parametrize(("origins", "level"), [("*", Level.OK), ("https://a.org", Level.WARN)])
def test_doctor_asks_the_bucket_as_browsers_do(
    s3: S3Server, settings: Any, tmp_path: Path, origins: str, level: Level
) -> None:
    settings.STORAGE_URL = s3.url.replace("/data", f"/{tmp_path.name}")
    assert [finding.subject for finding in doctor.remote_storage()] == ["Remote storage"]
    settings.STORAGE_DIRECT, settings.SITE_URL = True, "http://localhost:8000"
    s3.allowed_origins = origins
    _, finding = doctor.remote_storage()
    assert (finding.subject, finding.level) == ("Direct uploads", level)
    assert "from pages of http://localhost:8000" in finding.text
