"""Records, films, screens and cameras: what imported catalogues are full of."""

from shopkeeper.shop.demo.drawing.canvas import (
    INK,
    MAIN,
    PAPER,
    STEEL,
    STEEL_DARK,
    STEEL_LIGHT,
    WHITE,
    bar,
    clipped,
    disc,
    ground,
    lying,
    mix,
    shape,
    stroke,
)
from shopkeeper.shop.demo.drawing.look import Look


def _cover(look: Look) -> str:
    """The art on a sleeve: one of four, always the same for a product."""
    pale = mix(look.accent, WHITE, 0.3)
    art = (
        disc(164, 196, 62, look.accent) + disc(164, 196, 36, pale),
        shape("M70 290L150 130L236 290Z", look.accent) + disc(206, 142, 26, pale),
        "".join(bar(72, 118 + k * 30, 186, 13, look.accent if k % 2 else pale) for k in range(6)),
        stroke("M70 214Q102 130 134 214T198 214T262 214", look.accent, 16)
        + stroke("M70 250Q102 166 134 250T198 250T262 250", pale, 9),
    )
    return art[look.number % len(art)]


def record(look: Look) -> str:
    """A sleeve with its disc half out: black for vinyl, silver for all others; films in a tall case."""
    if look.says("dvd", "blu-ray", "vhs", "movie", "film"):
        case = "M112 56H288Q296 56 296 64V330Q296 338 288 338H112Q104 338 104 330V64Q104 56 112 56Z"
        front = "M124 66H286V328H124Z"
        inner = clipped(
            front,
            bar(104, 50, 200, 300, look.main)
            + f'<g transform="translate(40 6)">{_cover(look)}</g>',
        )
        words = bar(146, 84, 118, 13, PAPER, r=5) + bar(170, 106, 70, 7, PAPER, r=3, opacity=0.8)
        return lying(case) + shape(case, mix(INK, look.main, 0.2)) + inner + words
    vinyl = look.says("vinyl", "[lp]", "record", "lp")
    face, ring = (INK, mix(INK, WHITE, 0.14)) if vinyl else (STEEL, STEEL_LIGHT)
    grooves = "".join(
        f'<circle cx="246" cy="202" r="{r}" fill="none" stroke="{ring}" stroke-width="3"/>'
        for r in (88, 74, 60, 46)
    )
    plate = (
        disc(246, 202, 102, face)
        + grooves
        + disc(246, 202, 32, look.accent)
        + disc(246, 202, 7, PAPER)
    )
    sleeve = "M60 92H270V312H60Z"
    return (
        lying(sleeve)
        + plate
        + shape(sleeve, MAIN)
        + clipped(sleeve, _cover(look))
        + bar(60, 92, 9, 220, INK, opacity=0.14)
    )


def television(look: Look) -> str:
    """A wide screen on a foot."""
    screen = "M50 92H350V272H50Z"
    sky = mix(look.accent, WHITE, 0.45)
    scene = (
        bar(50, 92, 300, 180, sky)
        + disc(262, 150, 30, PAPER)
        + shape("M50 222L140 150L220 226L290 178L350 226V272H50Z", mix(look.main, "#4f6d7a", 0.6))
        + shape("M50 250Q200 206 350 246V272H50Z", mix(look.main, INK, 0.55))
    )
    foot = shape("M184 280H216L222 308H178Z", STEEL_DARK) + bar(132, 306, 136, 12, INK, r=6)
    return (
        ground(120)
        + foot
        + bar(40, 82, 320, 202, INK, r=10)
        + clipped(screen, scene)
        + shape("M50 92H170L90 272H50Z", WHITE, 0.08)
    )


def camera(look: Look) -> str:
    """A body, a lens and a flash."""
    body = "M64 142H128L146 106H254L272 142H336Q350 142 350 156V290Q350 304 336 304H64Q50 304 50 290V156Q50 142 64 142Z"
    band = clipped(body, bar(50, 172, 300, 92, mix(INK, look.main, 0.25)))
    lens = disc(200, 218, 76, STEEL_DARK) + disc(200, 218, 66, INK) + disc(200, 218, 44, "#39485c")
    glass = disc(200, 218, 24, "#1d2530") + disc(182, 198, 11, WHITE, opacity=0.75)
    return (
        ground(150, cy=312)
        + bar(82, 126, 36, 20, INK, r=5)
        + shape(body, MAIN)
        + band
        + lens
        + glass
        + bar(288, 154, 34, 13, PAPER, r=4)
    )
