from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tuning.models import Search, Trial, TrialIndex, Worker
from tuning.protocol.statuses import Status

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.get_default_timezone())


def test_bars_are_on_their_worker_s_slot(big: Search, info: Any) -> None:
    worker = Worker.objects.create(name="gpu-1", slots=2, started_at=NOON, seen_at=NOON)
    for number, slot in ((1, 1), (2, 0)):
        Trial.objects.filter(search=big, number=number).update(
            worker=worker, slot=slot, started_at=NOON + timedelta(minutes=number),
            finished_at=NOON + timedelta(minutes=number + 2),
        )  # fmt: skip
    Trial.objects.filter(search=big, number=3).update(
        worker=worker, slot=0, started_at=NOON, status=Status.RUNNING, finished_at=None
    )
    TrialIndex.objects.fill(big)
    found = info("timeline", big)
    assert found["number"] == [1, 2, 3]
    assert [found["lines"][place] for place in found["place"]] == [
        "gpu-1, slot 1", "gpu-1, slot 0", "gpu-1, slot 0",
    ]  # fmt: skip
    start = NOON.timestamp() * 1000
    assert found["start"][:2] == [start + 60_000, start + 120_000]
    assert found["end"][:2] == [start + 180_000, start + 240_000]
    # It goes on until now.
    assert abs(found["end"][2] - timezone.now().timestamp() * 1000) < 60_000
