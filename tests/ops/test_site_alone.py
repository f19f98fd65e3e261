"""The site runs where no TensorFlow is installed, and never loads it where it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT, clean_environment

# A stand-in for a machine with docker/requirements-web.txt only: importing any of these fails.
PROGRAM = """
import sys
ABSENT = ("tensorflow", "keras", "keras_tuner", "sklearn", "psutil", "PIL", "scipy", "h5py")
sys.modules.update(dict.fromkeys(ABSENT))

from webapp.wsgi import application
from django.urls import get_resolver

def addresses(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern)
        else:
            yield pattern.callback

print(len(list(addresses(get_resolver()))))
loaded = [name for name in ABSENT if sys.modules[name] is not None]
assert not loaded, loaded
"""


@pytest.mark.slow
def test_every_address_loads_without_machine_learning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=clean_environment(TUNEROOM_DATA=str(tmp_path)),
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_the_lock_files_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = (ROOT / name).read_text().splitlines()
        found = (line.split(" ")[0].split("==") for line in lines if "==" in line.split(" ")[0])
        return dict(found)

    site, worker, development = map(
        pins, ("docker/requirements-web.txt", "requirements.txt", "docker/requirements-dev.txt")
    )
    assert "tensorflow" not in site
    assert "tensorflow" in worker
    assert site.items() <= worker.items() <= development.items()
