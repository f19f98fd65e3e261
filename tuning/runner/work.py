"""From an order to the file that does it."""

from pathlib import Path

from tuning.protocol.events import Ready
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import (
    DryRunOrder,
    EvaluateOrder,
    FetchOrder,
    ImportOrder,
    InspectOrder,
    Order,
    PredictOrder,
    PrepareOrder,
    RetrainOrder,
    SearchOrder,
)
from tuning.runner.sandbox.caches import share_downloads
from tuning.runner.sandbox.hardening import allows_network, confine_to_dataset

from .channel import Channel
from .failures import failure_of
from .fetching import ask_for_weights, fetch
from .libraries import load_libraries

# Idle workers inspect templates unasked: that must never download anything.
_OFFLINE = (InspectOrder, EvaluateOrder, DryRunOrder)


def serve(events_fd: int, with_keras: bool) -> None:
    """Get ready, wait for an order, do it. Whatever goes wrong becomes a `failed` event."""
    channel = Channel(events_fd)
    if with_keras:
        load_libraries(channel.has_order)
    channel.send(Ready())
    order = channel.receive()
    try:
        _do(order, channel)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
        channel.send(failure_of(error))


def _do(order: Order, channel: Channel) -> None:
    """Each kind of work imports only what it needs: some of it needs no Keras."""
    share_downloads()
    if isinstance(order, (*_OFFLINE, SearchOrder, RetrainOrder)):
        offline = isinstance(order, _OFFLINE) or not allows_network()
        confine_to_dataset(Path(order.project.dataset_folder), offline)
        if not isinstance(order, _OFFLINE):
            ask_for_weights(channel)
    if isinstance(order, ImportOrder | PredictOrder) or (
        isinstance(order, PrepareOrder) and order.upload
    ):
        # A file that takes over its parser finds no other data and nobody to send them to.
        confine_to_dataset(Path.cwd(), offline=True)
    match order:
        case SearchOrder(kind=ModelKind.SKLEARN):
            from tuning.runner.estimators.search import search_estimators

            search_estimators(order, channel)
        case SearchOrder(kind=ModelKind.CUSTOM):
            from tuning.runner.custom_tuners.search import search_custom

            search_custom(order, channel)
        case SearchOrder(kind=ModelKind.OPTUNA):
            from tuning.runner.optuna_scripts.search import search_script

            search_script(order, channel)
        case SearchOrder():
            from tuning.runner.networks.search import search

            search(order, channel)
        case DryRunOrder():
            from .dry_run import dry_run

            dry_run(order, channel)
        case InspectOrder():
            from .inspection import inspect_template

            inspect_template(order, channel)
        case RetrainOrder(kind=ModelKind.SKLEARN):
            from tuning.runner.estimators.retrain import retrain_estimator

            retrain_estimator(order, channel)
        case RetrainOrder(kind=ModelKind.CUSTOM):
            from tuning.runner.custom_tuners.retrain import retrain_custom

            retrain_custom(order, channel)
        case RetrainOrder(kind=ModelKind.OPTUNA):
            from tuning.runner.optuna_scripts.retrain import retrain_script

            retrain_script(order, channel)
        case RetrainOrder():
            from tuning.runner.networks.retrain import retrain

            retrain(order, channel)
        case EvaluateOrder():
            from tuning.runner.evaluation.saved import evaluate_saved

            evaluate_saved(order, channel)
        case PredictOrder():
            from tuning.runner.prediction.answer import answer

            answer(order, channel)
        case ImportOrder():
            from tuning.runner.imports.importing import import_search

            import_search(order, channel.send)
        case FetchOrder():
            fetch(order, channel)
        case PrepareOrder():
            from tuning.runner.datasets.prepare import prepare

            prepare(order, channel)
