"""Things for camping, hiking and riding."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    CORK,
    GLASS,
    GROUND,
    INK,
    MAIN,
    PAPER,
    ROUND,
    STEEL,
    STEEL_DARK,
    STEEL_LIGHT,
    WHITE,
    WOOD,
    bar,
    clipped,
    disc,
    ground,
    lying,
    mirrored,
    mix,
    moved,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look

_GLOW = "#ffe9a8"


def tent(look: Look) -> str:
    """A dome, a tunnel or a low trekking tent, its door rolled aside."""
    lines = stroke("M96 214L34 312M304 214L366 312", STEEL_DARK, 2.4)
    if look.says("tunnel"):
        body = "M44 312Q50 140 140 132H262Q352 140 356 312Z"
        door = "M44 312Q50 140 140 132Q204 156 206 312Z"
        ribs = stroke("M206 312Q204 156 140 132M284 312Q280 168 226 132", look.seam, 4)
        opening = shape("M84 312Q86 204 130 190Q168 204 168 312Z", look.deep)
        return (
            ground(166, cy=314)
            + shape(body, MAIN)
            + shape(door, look.light)
            + ribs
            + opening
            + shape("M84 312Q86 204 130 190Q106 236 104 312Z", look.accent)
        )
    low = look.says("trekking")
    top = 168 if low else 112
    body = f"M40 312Q110 {top + 40} 200 {top}Q290 {top + 40} 360 312Z"
    panel = f"M200 {top}Q118 {top + 70} 92 312H308Q282 {top + 70} 200 {top}Z"
    door = f"M200 {top + 34}Q152 {top + 90} 146 312H254Q248 {top + 90} 200 {top + 34}Z"
    flap = f"M200 {top + 34}Q152 {top + 90} 146 312H176Q172 {top + 110} 200 {top + 34}Z"
    return (
        ground(168, cy=314)
        + lines
        + shape(body, look.dark)
        + shape(panel, MAIN)
        + stroke(f"M92 312Q118 {top + 70} 200 {top}Q282 {top + 70} 308 312", look.seam, 3.5)
        + shape(door, look.deep)
        + shape(flap, look.accent)
    )


def sleeping_bag(look: Look) -> str:
    """Lying flat, its hood open."""
    mummy = not look.says("rectangular")
    d = (
        "M200 46Q262 48 266 116Q292 150 284 214L258 338Q200 362 142 338L116 214Q108 150 134 116Q138 48 200 46Z"
        if mummy
        else "M122 62H278Q288 62 288 76V330Q288 344 274 344H126Q112 344 112 330V76Q112 62 122 62Z"
    )
    rows = "".join(f"M90 {y}Q200 {y + 18} 310 {y}" for y in range(170, 350, 34))
    hood = (
        oval(200, 104, 46, 44, look.deep) + oval(200, 112, 36, 32, mix(look.accent, WHITE, 0.3))
        if mummy
        else bar(124, 74, 152, 64, look.accent, r=12)
    )
    return (
        lying(d)
        + shape(d, MAIN)
        + clipped(
            d,
            stroke(rows, look.seam, 3, opacity=0.7)
            + bar(252, 150, 60, 200, look.dark, opacity=0.25),
        )
        + stroke("M248 150Q262 230 240 330", look.deep, 4)
        + hood
    )


def camping_chair(look: Look) -> str:
    """Crossed legs and a hammock of cloth."""
    legs = stroke("M104 318L284 190M296 318L116 190M132 190L118 92M268 190L282 92", STEEL_DARK, 8)
    back = "M114 88Q200 108 286 88L276 196Q200 214 124 196Z"
    seat = "M112 188Q200 226 288 188L280 224Q200 262 120 224Z"
    arms = stroke("M92 176H134M266 176H308", look.deep, 12) + stroke(
        "M96 180L110 314M304 180L290 314", STEEL_DARK, 6
    )
    return (
        ground(124)
        + arms
        + legs
        + shape(back, MAIN)
        + stroke("M130 116Q200 134 270 116", look.seam, 2.5, opacity=0.7)
        + shape(seat, look.dark)
    )


def camping_stove(look: Look) -> str:
    """A burner on its cartridge, or a pot over a spirit flame."""
    flame = shape(
        "M200 168Q176 146 190 118Q196 132 202 128Q198 104 216 92Q212 116 226 130Q232 154 200 168Z",
        "#5d9fd6",
    ) + shape("M202 166Q190 152 200 138Q214 150 202 166Z", _GLOW)
    if look.says("spirit", "system", "windproof"):
        pot = (
            shape("M124 96H276V196Q276 212 260 212H140Q124 212 124 196Z", STEEL)
            + bar(118, 88, 164, 14, STEEL_DARK, r=6)
            + bar(192, 70, 16, 20, INK, r=6)
            + bar(226, 104, 30, 100, STEEL_LIGHT, opacity=0.7)
        )
        grip = stroke("M276 116H314V180H276", INK, 9)
        burner = bar(138, 236, 124, 82, look.dark, r=10) + bar(138, 236, 124, 20, look.main, r=8)
        holes = "".join(disc(x, 282, 6, look.deep) for x in range(160, 250, 20))
        return ground(100) + grip + burner + holes + bar(176, 212, 48, 26, STEEL_DARK) + pot
    arms = stroke("M200 196L142 140M200 196L258 140M132 140H164M236 140H268", STEEL_DARK, 8)
    can = shape(
        "M124 316Q108 300 116 262Q122 238 160 234H240Q278 238 284 262Q292 300 276 316Z", ROUND
    ) + bar(114, 268, 172, 22, look.accent)
    return (
        ground(96)
        + can
        + bar(186, 184, 28, 54, BRASS, r=4)
        + bar(214, 204, 56, 8, STEEL_DARK, r=4)
        + bar(262, 196, 12, 24, INK, r=4)
        + arms
        + flame
    )


def bottle(look: Look) -> str:
    """A flask with a loop, a straw or a plain cap; see-through if of glass."""
    glass = look.says("glass")
    body = "M142 316Q130 316 130 302V164Q130 138 158 128Q166 124 166 112V104H234V112Q234 124 242 128Q270 138 270 164V302Q270 316 258 316Z"
    cap = bar(160, 70, 80, 38, INK if not glass else WOOD, r=8)
    if look.says("straw"):
        cap += stroke("M206 70V50Q206 40 222 42L246 50", look.accent, 11)
    elif look.says("loop", "insulated"):
        cap = stroke("M172 74Q172 36 200 36Q228 36 228 74", INK, 10) + cap
    if glass:
        water = clipped(body, bar(120, 190, 160, 140, "#b9d7dd"))
        return (
            ground(74)
            + shape(body, GLASS, 0.9)
            + water
            + bar(150, 150, 12, 150, WHITE, r=6, opacity=0.7)
            + bar(126, 220, 148, 62, look.main, r=8)
            + cap
        )
    band = bar(130, 286, 140, 8, look.deep, opacity=0.5)
    return (
        ground(74)
        + shape(body, ROUND)
        + band
        + bar(148, 160, 10, 122, WHITE, r=5, opacity=0.22)
        + oval(200, 210, 16, 16, look.seam, opacity=0.55)
        + stroke("M193 213L200 203L207 213", look.main, 3)
        + cap
    )


def dry_bag(look: Look) -> str:
    """A roll-top sack, its ends buckled together over the roll."""
    body = "M120 300Q112 318 136 318H264Q288 318 280 300Q292 210 262 142H138Q108 210 120 300Z"
    roll = (
        bar(128, 96, 144, 20, look.deep, r=9)
        + bar(124, 112, 152, 22, look.dark, r=9)
        + bar(132, 130, 136, 18, look.deep, r=8)
    )
    loop = stroke("M130 106Q104 78 152 64L182 58M270 106Q296 78 248 64L218 58", INK, 10)
    drop = shape("M200 198Q228 232 218 246Q200 260 182 246Q172 232 200 198Z", WHITE)
    creases = stroke(
        "M150 152Q138 200 140 236M250 152Q262 200 258 230M176 150L180 176",
        look.seam,
        2.6,
        opacity=0.6,
    )
    return (
        ground(88)
        + shape(body, ROUND)
        + creases
        + loop
        + bar(176, 46, 48, 24, INK, r=6)
        + roll
        + disc(200, 230, 34, look.accent)
        + drop
        + stroke("M122 294H278", look.deep, 7, opacity=0.4)
    )


def headlamp(look: Look) -> str:
    """A lamp on a headband, shining."""
    beam = shape("M150 214L40 140V330Z", _GLOW, 0.35)
    band = stroke(
        "M168 206Q180 86 268 92Q346 106 336 196Q330 262 250 262Q210 262 188 248", look.deep, 20
    ) + stroke(
        "M168 206Q180 86 268 92Q346 106 336 196Q330 262 250 262Q210 262 188 248", look.main, 13
    )
    lamp = (
        bar(112, 174, 104, 86, INK, r=20)
        + bar(120, 180, 84, 74, mix(INK, WHITE, 0.14), r=16)
        + disc(156, 217, 29, STEEL_LIGHT)
        + disc(156, 217, 21, _GLOW)
        + disc(150, 211, 7, WHITE)
    )
    return (
        ground(120, cy=314)
        + beam
        + band
        + stroke("M262 92Q256 140 286 170", look.dark, 10)
        + lamp
        + bar(186, 168, 22, 10, look.accent, r=4)
    )


def bicycle_light(look: Look) -> str:
    """White for the front, red for the rear."""

    def light(glow: str, x: float, y: float, size: float) -> str:
        halo = disc(x, y, 72 * size, glow, opacity=0.28)
        case = bar(x - 52 * size, y - 62 * size, 104 * size, 124 * size, INK, r=26 * size) + bar(
            x - 42 * size, y - 50 * size, 84 * size, 84 * size, mix(INK, WHITE, 0.16), r=20 * size
        )
        strap = bar(
            x - 24 * size, y + 56 * size, 48 * size, 48 * size, mix(INK, WHITE, 0.1), r=12 * size
        )
        return (
            halo
            + strap
            + case
            + disc(x, y - 8 * size, 32 * size, glow)
            + disc(x - 9 * size, y - 17 * size, 11 * size, WHITE, opacity=0.8)
            + bar(x - 14 * size, y + 42 * size, 28 * size, 9 * size, look.accent, r=4)
        )

    white, red = "#fff3c4", "#e2483d"
    if look.says("set"):
        return ground(140, cy=306) + light(white, 134, 212, 0.95) + light(red, 276, 226, 0.8)
    return ground(86, cy=322) + light(red if look.says("rear") else white, 200, 196, 1.3)


def trekking_poles(look: Look) -> str:
    """A pair, crossed."""
    pole = (
        bar(193, 60, 14, 60, CORK if look.says("cork") else INK, r=7) + stroke("M200 70Q176 96 200 122", look.main, 5)
        + bar(195, 118, 10, 120, look.main) + bar(192, 176, 16, 14, INK, r=3) + bar(197, 238, 6, 90, STEEL_DARK)
        + bar(193, 232, 14, 12, INK, r=3) + bar(184, 306, 32, 7, INK, r=3) + shape("M197 326H203L200 344Z", STEEL)
    )  # fmt: skip
    return ground(120, cy=336) + moved(
        turned(pole, 22, 200, 210) + mirrored(turned(pole, 22, 200, 210)), -30, -36, 1.15
    )


def bicycle(look: Look) -> str:
    """A bicycle, for shops that sell them."""
    wheels = "".join(
        f'<circle cx="{x}" cy="254" r="66" fill="none" stroke="{INK}" stroke-width="9"/>'
        + disc(x, 254, 8, STEEL_DARK)
        for x in (104, 296)
    )
    frame = stroke(
        "M104 254L168 156H264L200 254H104M168 156L200 254M256 128L296 254", look.main, 11
    )
    return (
        ground(170, cy=GROUND)
        + wheels
        + frame
        + stroke("M158 140H190M244 126H274Q290 128 288 146", INK, 11)
        + disc(200, 254, 17, PAPER)
        + disc(200, 254, 11, INK)
    )
