"""Writing a dataset into the working folder: arrays, facts about them, thumbnails."""

import json
from pathlib import Path

import numpy as np

from tuning.protocol.catalogue import BY_KEY
from tuning.protocol.data_kinds import DataKind, Display
from tuning.protocol.events import Prepared
from tuning.protocol.orders import PrepareOrder
from tuning.runner.channel import Channel

from .pictures import draw_thumbnails
from .profile import profile_of
from .sources import load_source

FOLDER = "prepared"


def prepare(order: PrepareOrder, channel: Channel) -> None:
    """Write `prepared/` with x.npy, y.npy, meta.json and, for images, thumbnails.png."""
    if order.upload:
        # Only here: built-in datasets need none of it.
        from .uploads import prepare_upload

        own = prepare_upload(order.key, order.upload, Path(FOLDER), channel.send)
        if own is not None:
            channel.send(Prepared(own))
        return
    entry = BY_KEY[order.key]
    if entry.generated:
        from .generated import prepare_generated

        channel.send(Prepared(prepare_generated(entry, Path(FOLDER), channel.send)))
        return
    source = load_source(entry, channel)
    folder = Path(FOLDER)
    folder.mkdir()
    profile = profile_of(entry, source)
    if DataKind(entry.kind).traits.display == Display.PICTURE:
        profile["thumbnails"] = draw_thumbnails(source.x, source.y, folder / "thumbnails.png")
    np.save(folder / "x.npy", source.x, allow_pickle=False)
    np.save(folder / "y.npy", source.y, allow_pickle=False)
    (folder / "meta.json").write_text(json.dumps(profile, indent=1, allow_nan=False), "utf-8")
    channel.send(Prepared(profile))
