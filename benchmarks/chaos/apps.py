"""A Django app that makes runners train nothing (`fake_runner.py`), and nothing else."""

from pathlib import Path

from django.apps import AppConfig


class Chaos(AppConfig):
    name = "benchmarks.chaos"

    def ready(self) -> None:
        from tuning.supervisor import launch

        launch.MAIN = Path(__file__).resolve().parent / "fake_runner.py"
