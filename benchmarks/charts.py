"""Charts as SVG: lines over sizes that grow tenfold."""

import math
from html import escape

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 190, 40, 44
# Told apart without colours too: each line has a mark of its own form.
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b")
DASHES = ("none", "8 3", "2 3", "10 3 2 3", "4 4")


def draw_chart(title, across, unit, series):
    """Return a chart as SVG, times from zero over sizes on a logarithmic scale.

    :param str title: above the chart
    :param str across: what the sizes count
    :param str unit: of the values
    :param dict series: `{name of a line: [(size, value), ...]}`
    """
    points = [point for line in series.values() for point in line]
    smallest, largest = (pick(math.log10(size) for size, _value in points) for pick in (min, max))
    top = round_up(max(value for _size, value in points))

    def place(size, value):
        part = (math.log10(size) - smallest) / ((largest - smallest) or 1)
        x = LEFT + part * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(title)}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for step in range(5):
        value = top * step / 4
        _x, y = place(10**smallest, value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:g} {unit}</text>')
    for size in sorted({size for size, _value in points}):
        x, _y = place(size, 0)
        parts.append(f'<text x="{x}" y="{HEIGHT - 22}" text-anchor="middle">{size:,}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{across}</text>')
    below = 0.0
    for number, (name, line) in enumerate(sorted(series.items(), key=lambda one: -one[1][-1][1])):
        colour, dash = COLOURS[number % 5], DASHES[number % 5]
        places = [place(*point) for point in line]
        path = " ".join(f"{x},{y}" for x, y in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
        # Names of lines that end at one place stand below each other.
        x, below = places[-1][0], max(places[-1][1] + 4, below + 15)
        parts.append(f'<text x="{x + 8}" y="{below}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def round_up(value):
    """Return the next number that looks well at the end of an axis."""
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 4, 6, 8, 10) if step * power >= value)
