from typing import Any

from django.apps import AppConfig

# Nobody serves this port: what would be downloaded cannot be, on whichever machine.
NOWHERE = "http://127.0.0.1:9"


class WarmTuneroom(AppConfig):
    name = "tests.warm_tuneroom"

    def ready(self) -> None:
        from tests.runner.warm import spawn_runner
        from tuning.supervisor.runners import RunnerProcess

        def spawn(command: list[str], *, env: dict[str, str], **options: Any) -> Any:
            offline = {"http_proxy": NOWHERE, "https_proxy": NOWHERE}
            return spawn_runner(command, env={**env, **offline}, **options)

        RunnerProcess.open_process = staticmethod(spawn)
