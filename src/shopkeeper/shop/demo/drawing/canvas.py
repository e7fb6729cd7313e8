"""Strokes, shading and the frame that all drawings share: light from the upper left, one soft shadow.

Colours are #rrggbb. A drawing is 400 wide and high; things stand on GROUND, clothes lie flat.
"""

from html import escape

GROUND = 322
WHITE, INK, BLACK, PAPER = "#ffffff", "#2b2d33", "#0d0e11", "#faf6ee"
WOOD, WOOD_DARK, WALNUT = "#d0a571", "#b0824f", "#7f573b"
STEEL, STEEL_DARK, STEEL_LIGHT = "#c5cacd", "#8f979c", "#e6eaec"
GLASS, GLASS_DARK = "#dbe8ea", "#a9c1c6"
LEAF, LEAF_DARK = "#6f9a68", "#4d7550"
SOIL, BRASS, CORK = "#6b4d3a", "#cfa550", "#c99d6b"
MAIN, ROUND = (
    "url(#m)",
    "url(#r)",
)  # the product's colour, lit from the upper left; on something round


def mix(one: str, other: str, share: float) -> str:
    """The colour between two: share 0 is the first, 1 the second."""
    pairs = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def lightness(colour: str) -> float:
    """How light a colour looks, 0 black to 1 white (luma of ITU-R BT.709)."""
    red, green, blue = _parts(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def shape(d: str, fill: str, opacity: float = 1) -> str:
    """A filled path."""
    return f'<path d="{d}" fill="{fill}"{_opacity(opacity)}/>'


def stroke(d: str, colour: str, width: float, *, dash: str = "", opacity: float = 1) -> str:
    """A line along a path, with round ends."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
        f'stroke-linecap="round" stroke-linejoin="round"{dashes}{_opacity(opacity)}/>'
    )


def bar(
    x: float, y: float, width: float, height: float, fill: str, *, r: float = 0, opacity: float = 1
) -> str:
    """A rectangle, its corners rounded by r."""
    corner = f' rx="{r:g}"' if r else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{corner} fill="{fill}"{_opacity(opacity)}/>'


def disc(cx: float, cy: float, r: float, fill: str, *, opacity: float = 1) -> str:
    """A circle."""
    return f'<circle cx="{cx:g}" cy="{cy:g}" r="{r:g}" fill="{fill}"{_opacity(opacity)}/>'


def oval(cx: float, cy: float, rx: float, ry: float, fill: str, *, opacity: float = 1) -> str:
    """An ellipse."""
    return f'<ellipse cx="{cx:g}" cy="{cy:g}" rx="{rx:g}" ry="{ry:g}" fill="{fill}"{_opacity(opacity)}/>'


def turned(body: str, degrees: float, x: float = 200, y: float = 200) -> str:
    """The drawing turned around a point, clockwise."""
    return f'<g transform="rotate({degrees:g} {x:g} {y:g})">{body}</g>'


def moved(body: str, x: float, y: float, scale: float = 1) -> str:
    """The drawing shifted, and scaled."""
    size = "" if scale == 1 else f" scale({scale:g})"
    return f'<g transform="translate({x:g} {y:g}){size}">{body}</g>'


def mirrored(body: str, axis: float = 200) -> str:
    """The drawing as in a mirror that stands at x = axis."""
    return f'<g transform="translate({2 * axis:g} 0) scale(-1 1)">{body}</g>'


def clipped(d: str, body: str, name: str = "c") -> str:
    """What of the drawing lies inside the path."""
    return f'<clipPath id="{name}"><path d="{d}"/></clipPath><g clip-path="url(#{name})">{body}</g>'


def ground(rx: float, *, cx: float = 200, cy: float = GROUND) -> str:
    """The soft shadow under something that stands."""
    return oval(cx + 6, cy, rx * 1.12, max(9, rx * 0.12), "url(#s)")


def lying(d: str) -> str:
    """The soft shadow of something that lies flat."""
    return f'<path d="{d}" transform="translate(7 11)" fill="#2b2d33" opacity=".1"/>'


def _opacity(value: float) -> str:
    return "" if value == 1 else f' opacity="{value:g}"'


def framed(body: str, *, main: str, tint: str, title: str) -> str:
    """The whole SVG: a tinted ground, the light, the drawing."""
    printable = "".join(c for c in title if c.isprintable())  # XML forbids most other characters
    light, dark = mix(main, WHITE, 0.2), mix(main, INK, 0.16)
    deep, ends = mix(main, INK, 0.3), mix(tint, INK, 0.06)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" role="img">'
        f"<title>{escape(printable)}</title><defs>"
        f"{_gradient('m', (1, 1), (light, main, dark))}"
        f"{_gradient('r', (1, 0), (main, light, main, deep))}"
        f"{_gradient('b', (0, 1), (mix(tint, WHITE, 0.4), tint, ends))}"
        '<radialGradient id="s"><stop offset="0" stop-color="#2b2d33" stop-opacity=".32"/>'
        '<stop offset="1" stop-color="#2b2d33" stop-opacity="0"/></radialGradient></defs>'
        f'<rect width="400" height="400" fill="url(#b)"/>{moved(body, -16, -17, 1.08)}</svg>'
    )


def _gradient(name: str, towards: tuple[int, int], stops: tuple[str, ...]) -> str:
    last = len(stops) - 1
    marks = "".join(
        f'<stop offset="{i / last:.2g}" stop-color="{stop}"/>' for i, stop in enumerate(stops)
    )
    x, y = towards
    return f'<linearGradient id="{name}" x2="{x}" y2="{y}">{marks}</linearGradient>'
