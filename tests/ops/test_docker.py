"""The images and the Compose file, as far as that can be told without an engine."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery import current_app

from tests.services import ROOT
from webapp.alive import WatchedScheduler, note_alive

COMPOSE = ROOT / "docker" / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


@pytest.mark.parametrize("name", ["web", "worker"])
def test_what_an_image_copies_is_there_and_not_ignored(name: str) -> None:
    text = (ROOT / "docker" / f"Dockerfile.{name}").read_text()
    ignored = (ROOT / "docker" / f"Dockerfile.{name}.dockerignore").read_text().splitlines()
    sources = [
        word for words in re.findall(r"^COPY (.+) \S+$", text, re.M) for word in words.split()
    ]
    assert len(sources) == 6
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    assert re.search(r"^USER 1000$", text, re.M)


def test_the_site_has_no_tensorflow() -> None:
    text = (ROOT / "docker" / "Dockerfile.web").read_text()
    assert "requirements-web.txt" in text
    assert " requirements.txt" not in text


def test_everything_runs_that_make_up_runs(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis", "s3", "setup", "web", "worker", "scheduler"}
    # Without its profile there is none, and nobody waits for it.
    assert [name for name, service in services.items() if "profiles" in service] == ["s3"]
    assert services["setup"]["depends_on"]["s3"]["required"] is False
    for name in ("web", "worker", "scheduler"):
        waits_for = services[name]["depends_on"]
        assert waits_for == {"setup": {"condition": "service_completed_successfully"}}
        environment = services[name]["environment"]
        assert environment["DATABASE_URL"].endswith("@postgres/tuneroom")
        assert environment["REDIS_URL"].startswith("redis://redis:")
        assert environment["STORAGE_URL"] == "${STORAGE_URL:-}"
        assert environment["AWS_SECRET_ACCESS_KEY"] == "${S3_SECRET_KEY:-}"
        assert services[name]["volumes"] == ["data:/data"]
        assert (ROOT / services[name]["build"]["dockerfile"]).exists()


def test_every_service_has_a_health_check(services: dict[str, Any]) -> None:
    for name, service in services.items():
        # Set-up ends: its exit status is the check.
        assert service["healthcheck"] == {"disable": True} or name != "setup"
        assert name == "setup" or service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("part", ["worker", "scheduler"])
def test_the_check_tells_what_is_at_work_from_what_hangs(
    part: str, services: dict[str, Any], tmp_path: Path, settings: Any
) -> None:
    _, _, flag, code = services[part]["healthcheck"]["test"]
    folder = services[part]["environment"]["ALIVE_FOLDER"]
    assert f"'{folder}/{part}'" in code
    command = [sys.executable, flag, code.replace(f"'{folder}/", f"'{tmp_path}/")]
    assert subprocess.run(command, capture_output=True).returncode == 1
    settings.ALIVE_FOLDER = str(tmp_path)
    note_alive(part)
    assert subprocess.run(command, capture_output=True).returncode == 0
    os.utime(tmp_path / part, (0, 0))
    assert subprocess.run(command, capture_output=True).returncode == 1


def test_a_scheduler_that_comes_round_is_alive(tmp_path: Path, settings: Any) -> None:
    settings.ALIVE_FOLDER = str(tmp_path)
    scheduler = WatchedScheduler(app=current_app, lazy=True)
    scheduler.tick()
    assert (tmp_path / "scheduler").exists()


def test_the_site_is_reachable_from_this_machine_alone_unless_told_otherwise(
    services: dict[str, Any],
) -> None:
    assert services["web"]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_the_databases_are_waited_for(services: dict[str, Any]) -> None:
    conditions = {value["condition"] for value in services["setup"]["depends_on"].values()}
    assert conditions == {"service_healthy"}
