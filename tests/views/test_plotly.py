"""Plotly under our Content-Security-Policy: see templates/includes/plotly.html."""

from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_ids_that_keep_plotly_from_writing_styles_are_still_its_own() -> None:
    spec = find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    code = (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_text()
    include = (ROOT / "templates/includes/plotly.html").read_text()
    for part in ("9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53",
                 "plotly.js-style-", "no-inline-styles"):  # fmt: skip
        assert part in code
        assert part in include
    # Another version may have other rules: make plotly.css again from its source.
    version = (ROOT / "static/css/plotly.css").read_text().split("plotly.js ")[1].split(" ")[0]
    assert f"plotly.js v{version}" in code[:200]
