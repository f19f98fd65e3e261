"""What a search is called: the name that people gave it, or one that tells it from others."""

from django.utils.text import capfirst

from tuning.models import Search
from tuning.spaces.hyperparameters import read_space


def origin_text(search: Search) -> str:
    """Where a search comes from that workers do not train."""
    verb = "logged by" if search.is_of_scripts else "imported from"
    return f"{verb} {search.get_origin_display()}"


def telling_name(search: Search) -> str:
    """ "Nightly run", or of a search without a name "TPE on 12 of 14 hyperparameters"."""
    if search.name:
        return search.name
    if not search.has_plan:
        return capfirst(origin_text(search))
    space = read_space(search.space)
    tuned = sum(parameter.in_use and parameter.kind != "Fixed" for parameter in space)
    of = "" if tuned == len(space) else f"{tuned} of "
    noun = "hyperparameter" if len(space) == 1 else "hyperparameters"
    return f"{search.strategy.caption} on {of}{len(space)} {noun}"
