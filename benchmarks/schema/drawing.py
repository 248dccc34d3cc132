"""The p99 of every kind of reading as an SVG: two bars each, on a logarithmic axis."""

from math import ceil, floor, log10
from xml.sax.saxutils import escape

from benchmarks.schema.measure import Figures

COLOURS = {"design": "#b0b7bf", "chart": "#1f6feb"}
LABELS = {"design": "the design's indexes", "chart": "the chart's"}
LEFT, WIDTH, BAR, GAP, TOP = 260, 560, 11, 14, 56


def svg(figures: Figures) -> str:
    """The picture."""
    p99 = {name: {database: times[database].p99 for database in COLOURS} for name, times in figures.reads.items()}
    smallest = floor(log10(min(min(values.values()) for values in p99.values())))
    decades = ceil(log10(max(max(values.values()) for values in p99.values()))) - smallest

    def x(milliseconds: float) -> float:
        return LEFT + WIDTH * (log10(milliseconds) - smallest) / decades

    height = TOP + len(p99) * (2 * BAR + GAP) + 10
    title = f"p99 over 20 connections, {figures.rows:,} inquiries; milliseconds, each line ten times more"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {height}"',
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="18" font-size="14">{title}</text>',
    ]
    for exponent in range(decades + 1):
        place = LEFT + WIDTH * exponent / decades
        parts.append(f'<path d="M{place:.1f} {TOP - 6}V{height - 8}" stroke="#e5e7eb"/>')
        parts.append(
            f'<text x="{place:.1f}" y="{TOP - 12}" text-anchor="middle" fill="#6b7280">{10.0 ** (exponent + smallest):,g}</text>'
        )
    for number, (name, values) in enumerate(p99.items()):
        y = TOP + number * (2 * BAR + GAP)
        parts.append(f'<text x="{LEFT - 8}" y="{y + BAR + 4}" text-anchor="end">{escape(name)}</text>')
        for database, colour in COLOURS.items():
            end = x(values[database])
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" height="{BAR}" fill="{colour}"/>')
            parts.append(f'<text x="{max(end, LEFT) + 4:.1f}" y="{y + BAR - 1}" font-size="10">{values[database]:,.1f}</text>')
            y += BAR
    for place, (database, colour) in zip((10, 160), COLOURS.items(), strict=True):
        parts.append(f'<rect x="{place}" y="28" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{place + 18}" y="38">{LABELS[database]}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
