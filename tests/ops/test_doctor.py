"""`manage.py doctor`: one line for each thing, with what to do about it."""

from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.services import free_port
from tuning.management.commands import doctor
from tuning.management.commands.doctor import Level

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
    database, workers = doctor.database()
    assert database.level is Level.OK
    assert workers.level is Level.WARN


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


def test_a_proxy_that_is_not_named_is_told(settings: Any) -> None:
    settings.HTTPS = True
    assert "TRUSTED_PROXIES" in " ".join(finding.text for finding in doctor.site())
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    assert "TRUSTED_PROXIES" not in " ".join(finding.text for finding in doctor.site())
