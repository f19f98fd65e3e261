"""`make test-fast` runs what is quick on this machine, what is new and what failed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.slow
TESTS = """
import time
from pathlib import Path

def test_quick():
    pass

def test_slow():
    time.sleep(0.1)

def test_that_fails():
    time.sleep(0.1)
    assert Path("repaired").exists()
"""


def names_run(folder: Path, *words: str) -> set[str]:
    """Of the tests in a folder, by pytest with the option and nothing else of this project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-c", "/dev/null", f"--rootdir={folder}",
         "-p", "tests.quickest", *words, folder],
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return set(re.findall(r"::test_(\w+) (?:PASSED|FAILED)", done.stdout))


def test_quick_new_and_failed_tests_run(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    everything = {"quick", "slow", "that_fails"}
    assert names_run(tmp_path, "--quick") == everything
    assert names_run(tmp_path, "--quick") == {"quick", "that_fails"}
    (tmp_path / "repaired").touch()
    (tmp_path / "test_more.py").write_text("import time\n\ndef test_new():\n    time.sleep(0.1)\n")
    assert names_run(tmp_path, "--quick") == {"quick", "that_fails", "new"}
    assert names_run(tmp_path, "--quick") == {"quick"}
    assert names_run(tmp_path) == {*everything, "new"}
