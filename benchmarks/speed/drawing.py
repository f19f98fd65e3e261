"""Small SVG drawings: bars of seconds for each workload, lines over the trials of a runner."""

from collections.abc import Sequence
from html import escape

from .results import ONE_SLOT, TITLES, TUNEROOM, Row
from .workloads import Workload

WIDTH, LEFT, RIGHT = 760, 210, 90
BAR, GAP, TITLE = 15, 5, 26
OURS, PEER, FAINT = "#1a5fb4", "#b5835a", 0.45
COLOURS = ("#1a5fb4", "#c64600", "#613583", "#2a8a4a")
PANEL_WIDTH, PANEL_HEIGHT = 370, 220


def bars(found: Sequence[tuple[Workload, dict[str, Row]]]) -> str:
    """Seconds of each program; the pale part is what a script needs before its search begins."""
    parts, top = [], 0
    for workload, rows in found:
        parts.append(
            f'<text x="8" y="{top + 18}" font-weight="bold">{escape(workload.title)}</text>'
        )
        top += TITLE
        longest = max((row.seconds for row in rows.values()), default=1.0)
        for program, row in rows.items():
            parts.append(_bar(program, row, longest, top))
            top += BAR + GAP
        top += 8
    return _svg(WIDTH, top + 8, parts)


def _bar(program: str, row: Row, longest: float, top: int) -> str:
    scale = (WIDTH - LEFT - RIGHT) / longest
    start, whole = (row.seconds - row.search_seconds) * scale, row.seconds * scale
    colour = OURS if program in (TUNEROOM, ONE_SLOT) else PEER
    return (
        f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(TITLES[program])}</text>'
        f'<rect x="{LEFT}" y="{top}" width="{start:.1f}" height="{BAR}" fill="{colour}" '
        f'fill-opacity="{FAINT}"/>'
        f'<rect x="{LEFT + start:.1f}" y="{top}" width="{whole - start:.1f}" height="{BAR}" '
        f'fill="{colour}"/>'
        f'<text x="{LEFT + whole + 6:.1f}" y="{top + 12}">{row.seconds:.1f} s</text>'
    )


def lines(panels: Sequence[tuple[str, str, dict[str, Sequence[float]]]]) -> str:
    """A panel for each (title, unit, values of each line over the trials)."""
    parts = []
    for i, (title, unit, values) in enumerate(panels):
        parts.append(f'<g transform="translate({PANEL_WIDTH * i} 0)">')
        parts.append(f'<text x="56" y="16" font-weight="bold">{escape(title)}</text>')
        parts += _panel(unit, values)
        parts.append("</g>")
    names = list(panels[0][2]) if panels else []
    for i, name in enumerate(names):
        x = 56 + 160 * i
        parts.append(
            f'<path d="M{x} {PANEL_HEIGHT + 8}h22" stroke="{COLOURS[i]}" stroke-width="2"/>'
            f'<text x="{x + 28}" y="{PANEL_HEIGHT + 12}">{escape(name)}</text>'
        )
    return _svg(PANEL_WIDTH * len(panels), PANEL_HEIGHT + 24, parts)


def _panel(unit: str, values: dict[str, Sequence[float]]) -> list[str]:
    highest = 1.1 * max((max(each) for each in values.values() if each), default=1.0) or 1.0
    trials = max((len(each) for each in values.values()), default=1)
    left, top, right, bottom = 56, 26, PANEL_WIDTH - 12, PANEL_HEIGHT - 26
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = bottom - share * (bottom - top)
        parts.append(
            f'<path d="M{left} {y:.0f}H{right}" stroke="#ddd"/><text x="{left - 4}" '
            f'y="{y + 4:.0f}" text-anchor="end">{highest * share:.3g}</text>'
        )
    parts.append(f'<text x="{right}" y="{bottom + 16}" text-anchor="end">trial {trials:,}</text>')
    parts.append(f'<text x="{left}" y="{bottom + 16}">{escape(unit)}</text>')
    for colour, each in zip(COLOURS, values.values(), strict=False):
        points = " ".join(
            f"{left + i / max(1, trials - 1) * (right - left):.1f},"
            f"{bottom - value / highest * (bottom - top):.1f}"
            for i, value in _thinned(each)
        )
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.4" points="{points}"/>'
        )
    return parts


def _thinned(values: Sequence[float], most: int = 150) -> list[tuple[int, float]]:
    """Medians of neighbours, so that a line of 1,000 trials can be seen."""
    width = max(1, len(values) // most)
    return [
        (i, sorted(values[i : i + width])[len(values[i : i + width]) // 2])
        for i in range(0, len(values), width)
    ]


def _svg(width: int, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11" fill="#333">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
