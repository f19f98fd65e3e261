"""Which layers between user code and the rest are active on this machine, honestly."""

import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Layer:
    name: str
    active: bool
    detail: str

    def as_json(self) -> dict[str, str | bool]:
        return asdict(self)


def probe() -> list[Layer]:
    """The layers in the order in which they were built, each with what it does or lacks."""
    linux = sys.platform == "linux"
    return [
        Layer("Own process", True, "Fresh interpreter in an empty private folder, own session."),
        Layer("Clean environment", True, "An allow-list of variables, no credentials."),
        Layer(
            "Dies with its worker",
            linux,
            "The kernel ends it when the worker dies." if linux else "Needs Linux.",
        ),
        Layer(
            "No new privileges",
            linux,
            "Programs with special rights give none." if linux else "Needs Linux.",
        ),
        Layer("Limits", True, "Memory, time, silence, file size and open files."),
        Layer(
            "Files and network",
            False,
            "Not restricted yet: a template can read what the worker's user can read. "
            "Run only templates that you trust.",
        ),
    ]
