"""Nobody but its owner reads the data folder."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.services import clean_environment, manage
from tuning.management.commands import doctor
from tuning.management.commands.doctor import Level
from tuning.management.privacy import close_data_folder
from tuning.supervisor.files import store_folder


def modes(root: Path) -> dict[str, int]:
    paths = [root, *root.rglob("*")]
    return {str(path): stat.S_IMODE(path.lstat().st_mode) for path in paths}


def is_closed(root: Path) -> bool:
    return not any(mode & 0o077 for mode in modes(root).values())


@pytest.fixture
def root(tmp_path: Path, settings: Any) -> Path:
    """A data folder as an older version left it."""
    root = tmp_path / "data"
    (root / "datasets" / "iris").mkdir(parents=True)
    (root / "runners" / "worker-1").mkdir(parents=True)
    for path in ("db.sqlite3", "datasets/iris/x.npy"):
        (root / path).write_text("secret")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    settings.DATA_ROOT, settings.RUNNERS_ROOT = root, root / "runners"
    return root


def test_a_looser_folder_is_closed(root: Path) -> None:
    changed, left = close_data_folder()
    assert (changed, left) == (6, [])
    assert modes(root)[str(root / "db.sqlite3")] == 0o600
    assert modes(root)[str(root)] == 0o700
    assert close_data_folder() == (0, [])


def test_what_runners_could_replace_by_a_link_is_left_alone(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o644)
    (root / "runners" / "worker-1" / "link").symlink_to(outside)
    (root / "link").symlink_to(outside)
    close_data_folder()
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert stat.S_IMODE((root / "runners" / "worker-1").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "runners").stat().st_mode) == 0o700


def test_the_runners_group_keeps_what_it_reads(root: Path, settings: Any) -> None:
    settings.RUNNER_USERS = os.getgid() or 12345
    for path in (root, *root.rglob("*")):
        os.chown(path, -1, settings.RUNNER_USERS)
    (root / "datasets").chmod(0o2755)
    close_data_folder()
    assert modes(root)[str(root / "datasets")] == 0o2750
    assert modes(root)[str(root / "datasets/iris/x.npy")] == 0o640


def test_the_doctor_says_and_does_it(root: Path) -> None:
    assert [finding.level for finding in doctor.privacy()] == [Level.WARN]
    assert [finding.level for finding in doctor.privacy()] == [Level.OK]


def test_stored_datasets_are_as_readable_as_their_folder(root: Path, tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "x.npy").write_bytes(b"x")
    before = os.umask(0o077)
    try:
        for mode, expected in ((0o700, (0o700, 0o600)), (0o2750, (0o2750, 0o640))):
            (root / "datasets").chmod(mode)
            target = root / "datasets" / f"made-{mode:o}"
            store_folder(tmp_path, target, "prepared")
            found = modes(target)
            assert (found[str(target)], found[str(target / "x.npy")]) == expected
    finally:
        os.umask(before)


@pytest.mark.slow
def test_every_command_writes_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    # One small app's tables are enough to make a database.
    done = manage("migrate", "sessions", environment=clean_environment(TUNEROOM_DATA=str(data)))
    assert done.returncode == 0, done.stderr
    assert (data / "db.sqlite3").exists()
    assert is_closed(data)
