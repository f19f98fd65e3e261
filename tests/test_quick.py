"""`make test-fast` runs what is quick on this machine, what is new and what failed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT

pytestmark = pytest.mark.slow
TESTS = """
def test_quick():
    pass

def test_slow():
    pass

def test_new():
    pass

def test_that_fails():
    raise ValueError
"""
FILE = "test_some.py"


def names_run(folder: Path, *words: str) -> set[str]:
    """Of the tests in a folder, by pytest with the option and nothing else of this project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-c", "/dev/null", f"--rootdir={folder}",
         "-p", "tests.quick", *words, folder],
        cwd=folder, env={**kept, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return set(re.findall(r"::test_(\w+) (?:PASSED|FAILED)", done.stdout))


def test_what_was_slow_is_left_out_and_the_least_seconds_are_kept(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(TESTS)
    assert names_run(tmp_path) == {"quick", "slow", "new", "that_fails"}
    kept = tmp_path / ".pytest_cache" / "v" / "tuneroom" / "seconds"
    seconds = json.loads(kept.read_text())
    names = [f"{FILE}::test_{name}" for name in ("quick", "slow", "new")]
    # What failed runs the next time, however long it takes.
    assert list(seconds) == names
    quick, slow, new = names
    kept.write_text(json.dumps({quick: 0, slow: 3600}))
    assert names_run(tmp_path, "--quick") == {"quick", "new", "that_fails"}
    names_run(tmp_path)
    seconds = json.loads(kept.read_text())
    assert seconds[quick] == 0
    assert 0 < seconds[slow] < 3600
    assert seconds[new] > 0
