"""What the database knows of the workers of all machines: whether they take work, whether they run
the same code, and whether their clocks agree."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models.functions import Now

from tuning.analysis.workers import clock_text
from tuning.figures import counted
from tuning.management.findings import Finding, fail, ok, warn
from tuning.models import Release, Worker
from tuning.models.workers import CLOCK_TOLERANCE, Requested
from tuning.protocol import release

# Workers of one search should compute the same.
LIBRARIES = ("tensorflow", "keras", "keras-tuner")
REQUESTS = {
    Requested.PAUSE: "is paused and takes no work. Resume it on the workers page.",
    Requested.DRAIN: "is draining: it ends after its running work.",
}


def check_workers() -> Iterator[Finding]:
    online = list(Worker.objects.online())
    yield from _taking_work(online)
    yield from _versions(online)
    yield from _clocks(online)


def _taking_work(online: Sequence[Worker]) -> Iterator[Finding]:
    if not online:
        yield warn("Workers", "no worker is online. Start Tuneroom (make up) or a separate worker.")
        return
    slots = sum(worker.slots for worker in online)
    yield ok("Workers", f"{len(online)} online with {counted(slots, 'slot')}")
    for worker in online:
        if worker.refusal:
            yield fail("Workers", f"{worker.name} takes no work. {worker.refusal}")
        elif worker.requested:
            yield warn("Workers", f"{worker.name} {REQUESTS[Requested(worker.requested)]}")
        if worker.gpu_problem:
            yield warn("GPUs", f"{worker.name}: {worker.gpu_problem}")


def _versions(online: Sequence[Worker]) -> Iterator[Finding]:
    row, ours = Release.objects.filter(pk=Release.ONLY).first(), release.build()
    if row is not None:
        protocols = row.worker_protocol, row.oldest_worker_protocol
        if refusal := release.refusal(release.WORKER_PROTOCOL, *protocols):
            yield fail("Version", refusal)
        elif row.build != ours:
            yield warn(
                "Version",
                f"this machine has the code {ours}, and {row.build} prepared the database. Install "
                "the newer one on both, then run: make setup",
            )
        else:
            yield ok("Version", ours)
    if others := [worker for worker in online if worker.versions.get("tuneroom") != ours]:
        names = ", ".join(worker.name for worker in others)
        yield warn(
            "Versions of workers",
            f"{names}: other code than on this machine. Update and restart one after the other.",
        )
    for library in LIBRARIES:
        found = defaultdict(list)
        for worker in online:
            found[worker.versions.get(library, "unknown")].append(worker.name)
        if len(found) > 1:
            each = "; ".join(f"{number} on {', '.join(names)}" for number, names in found.items())
            yield warn(
                "Versions of workers",
                f"{library} differs ({each}), so scores of one search may differ. Install "
                "requirements.txt on all machines.",
            )


def _clocks(online: Sequence[Worker]) -> Iterator[Finding]:
    now = Release.objects.annotate(now=Now()).values_list("now", flat=True).first()
    offsets = {worker.name: worker.clock_offset for worker in online}
    if now is not None:
        offsets["this machine"] = time.time() - now.timestamp()
    wrong = {name: text for name, offset in offsets.items() if (text := clock_text(offset))}
    for name, text in wrong.items():
        yield warn("Clocks", f"{name} is {text}. Synchronise it, with chrony or systemd-timesyncd.")
    if offsets and not wrong:
        yield ok("Clocks", f"no machine is over {CLOCK_TOLERANCE:g} s from the database")
