"""The images and the Compose file, as far as that can be told without an engine."""

import re
from typing import Any

import pytest
import yaml

from tests.services import ROOT

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
    assert set(services) == {"postgres", "redis", "setup", "web", "worker", "scheduler"}
    for name in ("web", "worker", "scheduler"):
        waits_for = services[name]["depends_on"]
        assert waits_for == {"setup": {"condition": "service_completed_successfully"}}
        environment = services[name]["environment"]
        assert environment["DATABASE_URL"].endswith("@postgres/tuneroom")
        assert environment["REDIS_URL"].startswith("redis://redis:")
        assert services[name]["volumes"] == ["data:/data"]
        assert (ROOT / services[name]["build"]["dockerfile"]).exists()


def test_the_databases_are_waited_for(services: dict[str, Any]) -> None:
    assert "healthcheck" in services["postgres"]
    assert "healthcheck" in services["redis"]
    conditions = {value["condition"] for value in services["setup"]["depends_on"].values()}
    assert conditions == {"service_healthy"}
