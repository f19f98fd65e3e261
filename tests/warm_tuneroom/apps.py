from django.apps import AppConfig


class WarmTuneroom(AppConfig):
    name = "tests.warm_tuneroom"

    def ready(self) -> None:
        from tests.runner.warm import spawn_runner
        from tuning.supervisor.runners import RunnerProcess

        RunnerProcess.open_process = staticmethod(spawn_runner)
