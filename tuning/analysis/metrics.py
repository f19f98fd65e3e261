"""Numbers of the whole site for Prometheus, counted when it asks: they are the database's, so all
processes of the site say the same. Times of requests are measured (`webapp/request_times.py`)."""

from collections.abc import Iterator
from itertools import chain

from django.db.models import Count, Sum
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.registry import Collector

from tuning.models import Search, Trial, Work, Worker
from tuning.protocol.statuses import SearchStatus, Status

from .slots import slots


class SiteCollector(Collector):
    def collect(self) -> Iterator[Gauge]:
        kinds = {kind: _by_status(kind) for kind in Work.__subclasses__()}
        yield _by(
            "searches", "Searches", "status", {**dict.fromkeys(SearchStatus, 0), **_searches()}
        )
        trials = {status: count for status, (count, _) in kinds[Trial].items()}
        yield _by("trials", "Trials", "status", {**dict.fromkeys(Status, 0), **trials})
        online = list(Worker.objects.online())
        yield Gauge("tuneroom_workers", "Workers online", value=len(online))
        busy = sum(_running_on(kind, online) for kind in kinds)
        # Those of workers that are paused or refuse work are not free.
        states = {"busy": busy, "free": slots().free}
        yield _by("slots", "Slots of workers online", "state", states)
        waiting = {
            kind._meta.model_name or "": kind.objects.ready().count()  # type: ignore[attr-defined]
            for kind in kinds
        }
        yield _by("queue_length", "Work that waits for a slot", "kind", waiting)
        counts = chain.from_iterable(each.values() for each in kinds.values())
        yield Gauge(
            "tuneroom_lost_attempts", "Lost attempts of the work in the database",
            value=sum(lost for _, lost in counts),
        )  # fmt: skip


def _by(name: str, text: str, label: str, values: dict[str, int]) -> Gauge:
    family = Gauge(f"tuneroom_{name}", text, labels=[label])
    for value, count in values.items():
        family.add_metric([str(value)], count)
    return family


def _by_status(kind: type[Work]) -> dict[str, tuple[int, int]]:
    """How many rows, and how many lost attempts of theirs."""
    rows = kind._default_manager.order_by().values("status")
    found = rows.annotate(count=Count("pk"), lost=Sum("lost_attempts"))
    return {row["status"]: (row["count"], row["lost"]) for row in found}


def _searches() -> dict[str, int]:
    return dict(Search.objects.order_by().values_list("status").annotate(count=Count("pk")))


def _running_on(kind: type[Work], workers: list[Worker]) -> int:
    return kind._default_manager.filter(status=Status.RUNNING, worker__in=workers).count()
