"""Whose memory, processes and files count for a runner."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import wait_for
from tuning.supervisor import usage

# A child of another thread than the first one, which has a child itself.
FAMILY = """
import subprocess, sys, threading
child = [sys.executable, "-c", "import subprocess; print('up', flush=True);"
         "subprocess.run(['sleep', '60'])"]
thread = threading.Thread(target=subprocess.run, args=(child,))
thread.start()
thread.join()
"""


@pytest.fixture
def root() -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    tree = psutil.Process(process.pid)
    wait_for(lambda: len(tree.children(recursive=True)) == 2, "the child has a child")
    family = [tree, *tree.children(recursive=True)]
    yield tree
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.stdout.close()
    process.wait()


def test_a_family_is_a_process_with_all_its_descendants(root: psutil.Process) -> None:
    expected = [root, *root.children(recursive=True)]
    found = usage.family(root.pid)
    assert found[0] == root
    assert {one.pid for one in found} == {one.pid for one in expected}
    assert usage.threads(found) == 4


def test_a_kernel_without_lists_of_children(root: psutil.Process, monkeypatch: Any) -> None:
    def missing(path: Path) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_bytes", missing)
    assert len(usage.family(root.pid)) == 3


def test_a_process_that_has_ended_has_no_family(root: psutil.Process) -> None:
    for member in usage.family(root.pid):
        member.kill()
    root.wait()
    assert usage.family(root.pid) == []
