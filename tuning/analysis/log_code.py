"""The script that a log without trials shows, for people to copy."""

from tuning.models import Search

from .literals import python_literal


def log_code(search: Search, site: str) -> str:
    """Python that logs a trial to this search. `site` is the address of the site."""
    metric = search.objective
    logged = f"{metric}=…" if metric.isidentifier() else f"**{{{python_literal(metric)}: …}}"
    return "\n".join(
        [
            "import tuneroom",
            "",
            f"client = tuneroom.connect({python_literal(site)})",
            f"search = client.search({python_literal(search.name)}, project={search.project_id})",
            'with search.trial({"learning_rate": 0.01}, epochs=10) as run:',
            "    for epoch in range(1, 11):",
            "        …  # train",
            f"        run.log(epoch=epoch, {logged})",
        ]
    )
