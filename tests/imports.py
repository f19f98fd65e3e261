"""Archives of searches that other programs could have recorded."""

import io
import json
import zipfile
from typing import Any

from tests.conftest import SPACE
from tuning.eventfiles import write
from tuning.eventfiles.messages import SessionEnd, SessionStart


def zip_bytes(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def trial_json(units: int, accuracy: float | None, /, **changes: Any) -> bytes:
    """As KerasTuner writes it, NaN included."""
    nan = float("nan")
    history = {
        name: {"direction": way, "observations": [{"value": [value], "step": 2}]}
        for name, way, value in (
            ("val_accuracy", "max", nan if accuracy is None else accuracy),
            ("val_loss", "min", nan if accuracy is None else 1 - accuracy),
        )
    }
    document = {
        "trial_id": "0",
        "hyperparameters": {"space": [], "values": {"units": units, "optimizer": "adam"}},
        "metrics": {"metrics": history},
        "score": accuracy,
        "best_step": 2,
        "status": "FAILED" if accuracy is None else "COMPLETED",
        "message": "Traceback\nValueError: no" if accuracy is None else None,
    }
    return json.dumps(document | changes).encode()


def keras_tuner_project(folder: str = "dir/digits/") -> dict[str, bytes]:
    """Three trials, one of which failed."""
    oracle = {
        "hyperparameters": SPACE,
        "display": {"trial_start": {"00": "2026-01-02T03:04:05.5"}},
        "run_times": {"00": 7},
    }
    files = {f"{folder}oracle.json": json.dumps(oracle).encode()}
    for number, score in enumerate([0.5, 0.75, None]):
        name = f"{folder}trial_{number:02}/trial.json"
        files[name] = trial_json(8 * (number + 1), score)
    return files


def session(
    values: dict[str, Any], scalars: dict[str, list[float]], start: float = 1_000.0, status: int = 1
) -> bytes:
    """An event file: hyperparameters, scalars of steps from 1 on, a second each."""
    begin = SessionStart(start_time_secs=start)
    for name, value in values.items():
        pair = begin.hparams.add(key=name)
        kind = "string_value" if isinstance(value, str) else "number_value"
        setattr(pair.value, kind, value)
    data = write.header(start) + write.session_start(start, begin)
    for step, row in enumerate(zip(*scalars.values(), strict=True), 1):
        data += write.scalars(start + step, step, dict(zip(scalars, row, strict=True)))
    end = SessionEnd(status=status, end_time_secs=start + 60)
    return data + write.session_end(start + 60, end)
