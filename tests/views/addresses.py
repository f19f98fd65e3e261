"""What `reverse` takes for a row: searches, trials and models themselves, the keys of others."""

from typing import Any

from tuning.models import SavedModel, Search, Trial


def addressed(row: Any) -> Any:
    return row if isinstance(row, Search | Trial | SavedModel) else row.pk
