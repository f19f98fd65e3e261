"""`make audit` fails for what it finds and for nothing else."""

import json
import runpy
import subprocess
from typing import Any

import pytest

from tests.services import ROOT

FINE = {"name": "django", "version": "5.2", "vulns": []}
BAD = {"name": "pillow", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "keras", "skip_reason": "no such host"}


@pytest.mark.parametrize(
    ("printed", "status", "words"),
    [
        (json.dumps({"dependencies": [FINE]}), 0, ""),
        (json.dumps({"dependencies": [FINE, BAD]}), 1, "pillow 1: PYSEC-1, fixed in 2"),
        (json.dumps({"dependencies": [SKIPPED]}), 0, "Not audited: PyPI's list"),
        ("", 0, "Not audited: PyPI's list of vulnerabilities can't be reached (no connection)."),
    ],
)
def test_what_is_found_decides(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, printed: str, status: int, words: str
) -> None:
    done = subprocess.CompletedProcess([], 1, printed, "Traceback\nno connection\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    audit = runpy.run_path(str(ROOT / "docker" / "audit.py"))
    assert audit["main"]() == status
    assert words in capsys.readouterr().out
