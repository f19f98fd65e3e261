"""What the runner tells about a built network and about the values that it reports."""

import os
from typing import Any

from tuning.protocol.events import MAX_TEXT, Built, Metrics

WIDTH = 100


def description(keras_model: Any) -> Built:
    """How many weights a network has and which layers. It must have been built."""
    lines: list[str] = []
    # A fixed width: the log's terminal has none, and Keras would cut layer names to fit it. The
    # console that draws the table asks for its own, and leaves out the column that does not fit.
    os.environ["COLUMNS"] = str(WIDTH)
    keras_model.summary(line_length=WIDTH, print_fn=lambda line, **_: lines.append(line))
    return Built(int(keras_model.count_params()), "\n".join(lines)[:MAX_TEXT])


def numbers(logs: dict[str, Any] | None) -> Metrics:
    """Keras's logs or a template's results as floats; what is not a number is left out."""
    found: Metrics = {}
    for name, value in (logs or {}).items():
        try:
            found[str(name)] = float(value)
        except (TypeError, ValueError):
            continue
    return found
