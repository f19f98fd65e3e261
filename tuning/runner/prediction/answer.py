"""Answering questions about one saved model, one after the other, until the order to end."""

from contextlib import suppress
from pathlib import Path

from tuning.protocol.orders import PredictOrder
from tuning.runner.channel import Channel
from tuning.runner.failures import WorkFailed

from .loaded import LoadedModel
from .report import answer_of
from .rows import rows_of


def answer(order: PredictOrder, channel: Channel) -> None:
    """Load the model once. A question that fails ends the process."""
    model = _loaded(order)
    while True:
        rows = rows_of(order, model)
        if order.file:
            # Before the answer: after it, the next question's file may have this name.
            with suppress(OSError):
                Path(order.file).unlink()
        channel.send(answer_of(model, rows, model.predict(rows.values)))
        following = channel.receive()
        if not isinstance(following, PredictOrder):
            return
        order = following


def _loaded(order: PredictOrder) -> LoadedModel:
    try:
        return LoadedModel(order)
    except MemoryError:
        raise
    except Exception as error:
        raise WorkFailed(
            f"The model's file cannot be loaded. {type(error).__name__}: {error}"[:500]
        ) from error
