"""What a runner says of the arrays of an uploaded file, checked: it has read a stranger's file, and
pages count on its words."""

from dataclasses import asdict
from typing import Any

from tuning.protocol.events import MAX_NAME, BadEvent, FoundArrays
from tuning.protocol.uploads import ARRAY_ROLES, ARRAYS, IMAGES, MAX_ARRAYS


def arrays_of(event: FoundArrays, upload: dict[str, Any]) -> dict[str, Any]:
    """What the row keeps. Raises BadEvent."""
    names = [array.name for array in event.arrays]
    # A zip may hold arrays as well.
    if upload.get("kind") not in (ARRAYS, IMAGES):
        raise BadEvent("arrays of a file without arrays")
    if not 1 <= len(names) <= MAX_ARRAYS or len(set(names)) < len(names):
        raise BadEvent("an invalid list of arrays")
    if any(not name or len(name) > MAX_NAME for name in names):
        raise BadEvent("arrays with invalid names")
    for role, name in event.roles.items():
        if role not in ARRAY_ROLES or name not in names:
            raise BadEvent("arrays with invalid roles")
    return asdict(event)
