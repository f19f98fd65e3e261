"""Regret over the budget as a small SVG: a panel for each task, a line for each contender."""

from collections.abc import Sequence
from html import escape

import numpy as np

from .regret import regrets
from .tables import Table
from .targets import OURS, Replays

WIDTH, HEIGHT, COLUMNS = 300, 200, 3
LEFT, TOP, RIGHT, BOTTOM = 44, 26, 8, 26
LEGEND = 44
# Below this share of what a blind choice loses, the axis ends.
FLOOR = 1e-3
POINTS = 60
STYLES = {
    "Automatic": ("#1a5fb4", 2.6, ""),
    "Automatic, no pruning": ("#1a5fb4", 1.3, "5 3"),
    "KerasTuner random": ("#b5835a", 1.2, ""),
    "KerasTuner Bayesian": ("#c64600", 1.4, ""),
    "KerasTuner Hyperband": ("#e5a50a", 1.4, ""),
    "Optuna TPE": ("#613583", 1.2, "5 3"),
    "Optuna TPE, median": ("#613583", 1.4, ""),
}


def drawing(tables: Sequence[Table], found: dict[str, Replays], trials: int) -> str:
    rows = -(-len(tables) // COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows + LEGEND
    panels = [
        f'<g transform="translate({WIDTH * (i % COLUMNS)} {HEIGHT * (i // COLUMNS)})">'
        f"{_panel(table, found[table.name], trials)}</g>"
        for i, table in enumerate(tables)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#333">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f"{''.join(panels)}{_legend(HEIGHT * rows)}</svg>\n"
    )


def _panel(table: Table, found: Replays, trials: int) -> str:
    parts = [f'<text x="{LEFT}" y="16" font-weight="bold">{escape(table.name)}</text>', _axes()]
    units = np.linspace(table.units, trials * table.units, POINTS).astype(int)
    xs = [_x(unit / (trials * table.units)) for unit in units]
    for name, (colour, width, dashes) in STYLES.items():
        if name not in found:
            continue
        median = np.median(regrets(table, found[name], units), axis=0)
        ys = [_y(value / (table.best - table.median)) for value in median]
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(xs, ys, strict=True))
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="{width}"{dash} '
            f'points="{points}"/>'
        )
    return "".join(parts)


def _axes() -> str:
    parts = []
    for share, text in ((1.0, "100 %"), (0.1, "10 %"), (0.01, "1 %"), (FLOOR, "0.1 %")):
        y = _y(share)
        parts.append(
            f'<path d="M{LEFT} {y:.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 4}" y="{y + 4:.0f}" text-anchor="end">{text}</text>'
        )
    for share in (0.1, 0.25, 0.5, 1.0):
        x, y = _x(share), HEIGHT - BOTTOM
        anchor = "end" if share == 1 else "middle"
        parts.append(
            f'<path d="M{x:.0f} {TOP}V{y}" stroke="#eee"/>'
            f'<text x="{x:.0f}" y="{y + 14}" text-anchor="{anchor}">{100 * share:g} %</text>'
        )
    return "".join(parts)


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    """Logarithmic, from what a blind choice loses down to the floor."""
    place = np.log10(min(max(share, FLOOR), 1.0)) / np.log10(FLOOR)
    return float(TOP + place * (HEIGHT - TOP - BOTTOM))


def _legend(top: int) -> str:
    parts = []
    for i, (name, (colour, width, dashes)) in enumerate(STYLES.items()):
        x, y = LEFT + 210 * (i % 4), top + 12 + 18 * (i // 4)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        weight = ' font-weight="bold"' if name == OURS else ""
        parts.append(
            f'<path d="M{x} {y}h26" stroke="{colour}" stroke-width="{width}"{dash}/>'
            f'<text x="{x + 32}" y="{y + 4}"{weight}>{escape(name)}</text>'
        )
    return "".join(parts)
