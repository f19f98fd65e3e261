from pathlib import Path

from django.apps import AppConfig

# Nobody serves this port.
NOWHERE = "http://127.0.0.1:9"


class OfflineTuneroom(AppConfig):
    name = "tests.offline_tuneroom"

    def ready(self) -> None:
        from tuning.supervisor import launch

        online = launch.environment

        def environment(device: launch.Device, folder: Path, level: int) -> dict[str, str]:
            return {
                **online(device, folder, level), "http_proxy": NOWHERE, "https_proxy": NOWHERE,
            }  # fmt: skip

        launch.environment = environment
