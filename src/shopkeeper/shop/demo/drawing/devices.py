"""Electronics."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    INK,
    MAIN,
    PAPER,
    ROUND,
    STEEL,
    STEEL_DARK,
    STEEL_LIGHT,
    WHITE,
    bar,
    clipped,
    disc,
    ground,
    lightness,
    mirrored,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look

_SCREEN = "#22262e"


def _scene(x: float, y: float, width: float, height: float, look: Look) -> str:
    """What shows on a screen: a sun over hills."""
    d = f"M{x} {y}h{width}v{height}h{-width}Z"
    sky = mix(look.accent, WHITE, 0.45)
    body = bar(x, y, width, height, sky) + disc(
        x + width * 0.68, y + height * 0.34, width * 0.13, PAPER
    )
    body += shape(
        f"M{x} {y + height * 0.72}L{x + width * 0.36} {y + height * 0.42}L{x + width * 0.74} {y + height * 0.74}L{x + width} {y + height * 0.58}V{y + height}H{x}Z",
        mix(look.main, "#4f6d7a", 0.6),
    )
    body += shape(
        f"M{x} {y + height * 0.86}Q{x + width * 0.5} {y + height * 0.66} {x + width} {y + height * 0.84}V{y + height}H{x}Z",
        mix(look.main, INK, 0.55),
    )
    return clipped(d, body, "w")


def headphones(look: Look) -> str:
    """A headband and two cups; studio ones have a cable."""
    cable = (
        stroke("M112 292Q110 344 170 338Q240 328 270 360", INK, 5)
        if look.says("studio", "cable")
        else ""
    )
    band = stroke("M96 224Q84 72 200 70Q316 72 304 224", look.dark, 22) + stroke(
        "M122 152Q140 92 200 90Q260 92 278 152", look.deep, 10
    )
    small = look.says("on-ear")
    height = 84 if small else 112
    cup = (
        bar(70, 254 - height / 2, 52, height, MAIN, r=24)
        + bar(112, 258 - height / 2, 26, height - 8, mix(look.main, INK, 0.55), r=13)
        + bar(80, 262 - height / 2, 8, height - 40, WHITE, r=4, opacity=0.25)
    )
    return ground(130, cy=330) + cable + band + cup + mirrored(cup) + disc(98, 232, 4, look.accent)


def earbuds(look: Look) -> str:
    """Two buds over their case, or hooks for sports."""
    case = (
        shape("M96 236H304V266Q304 318 252 318H148Q96 318 96 266Z", MAIN)
        + shape("M96 236Q96 214 118 214H282Q304 214 304 236Z", look.dark)
        + disc(200, 284, 5, "#7ac48a")
    )
    bud = (
        shape(
            "M130 128Q128 92 162 90Q190 92 190 122Q190 146 172 152V208Q172 218 162 218Q152 218 152 208V156Q132 150 130 128Z",
            look.light,
        )
        + oval(138, 124, 14, 18, look.deep)
        + bar(160, 160, 4, 34, look.seam, r=2, opacity=0.6)
    )
    if look.says("sports", "hook"):
        bud = stroke("M172 104Q214 40 246 96Q256 132 240 164", look.dark, 8) + bud
        return ground(118) + turned(bud, -8, 160, 150) + mirrored(turned(bud, -8, 160, 150)) + case
    return ground(118) + turned(bud, 6, 160, 150) + mirrored(turned(bud, 6, 160, 150)) + case


def speaker(look: Look) -> str:
    """A cloth cylinder, a box for the shelf, or a ball that listens."""
    if look.says("portable"):
        body = "M64 176Q64 148 92 148H308Q336 148 336 176V282Q336 310 308 310H92Q64 310 64 282Z"
        dots = "".join(
            f"M{x} {y}h.1"
            for y in range(166, 306, 14)
            for x in range(96 + (y // 14 % 2) * 7, 312, 14)
        )
        return (
            ground(150, cy=314)
            + stroke("M92 150Q96 108 150 108H250Q304 108 308 150", look.deep, 10)
            + shape(body, MAIN)
            + clipped(body, stroke(dots, look.seam, 4, opacity=0.6))
            + bar(58, 152, 20, 154, look.deep, r=10)
            + bar(322, 152, 20, 154, look.deep, r=10)
            + bar(168, 214, 64, 26, look.deep, r=5)
            + bar(184, 224, 32, 5, look.light, r=2)
        )
    if look.says("smart"):
        dots = "".join(
            f"M{x} {y}h.1"
            for y in range(120, 316, 13)
            for x in range(92 + (y // 13 % 2) * 6, 312, 13)
        )
        ball = "M200 104Q304 106 306 212Q302 316 200 318Q98 316 94 212Q96 106 200 104Z"
        return (
            ground(100)
            + shape(ball, ROUND)
            + clipped(ball, stroke(dots, look.seam, 3.6, opacity=0.5))
            + oval(200, 124, 58, 15, look.deep)
            + '<ellipse cx="200" cy="124" rx="46" ry="10" fill="none" stroke="#8fd0e8" stroke-width="4"/>'
        )
    box = "M120 72H280Q292 72 292 84V306Q292 318 280 318H120Q108 318 108 306V84Q108 72 120 72Z"
    return (
        ground(104)
        + shape(box, mix("#8a6242", look.main, 0.15))
        + bar(120, 84, 160, 222, MAIN, r=6)
        + disc(200, 238, 58, look.deep)
        + disc(200, 238, 48, mix(look.deep, WHITE, 0.1))
        + disc(200, 238, 20, look.deep)
        + disc(200, 132, 27, look.deep)
        + disc(200, 132, 11, mix(look.deep, WHITE, 0.2))
        + disc(262, 296, 3.5, "#7ac48a")
    )


def keyboard(look: Look) -> str:
    """Rows of keys, seen from above; compact ones are narrower."""
    compact, slim = look.says("compact", "75 %", "tenkeyless"), look.says("slim")
    columns = 11 if compact else 13
    width = columns * 24 + 20
    left = 200 - width / 2
    keys = ""
    key = mix(look.main, WHITE, 0.35 if lightness(look.main) > 0.2 else 0.16)
    for row in range(4):
        for column in range(columns):
            colour = look.accent if (row, column) in ((0, 0), (2, columns - 1)) else key
            keys += bar(left + 11 + column * 24, 148 + row * 25, 21, 21, colour, r=4)
    keys += (
        bar(left + 11, 248, 45, 21, key, r=4)
        + bar(left + 59, 248, width - 142, 21, key, r=4)
        + bar(left + width - 80, 248, 69, 21, key, r=4)
    )
    thick = 8 if slim else 18
    body = bar(left, 136, width, 144 + thick, look.deep, r=12) + bar(
        left, 136, width, 144, MAIN, r=12
    )
    light = stroke(f"M{left + 20:g} 140H{left + width - 20:g}", mix(look.accent, WHITE, 0.3), 2)
    return oval(206, 292, width * 0.52, 16, INK, opacity=0.13) + body + light + keys


def mouse(look: Look) -> str:
    """Seen from above, or upright for the wrist."""
    if look.says("ergonomic", "vertical"):
        rest = shape("M150 300Q96 306 88 262Q86 226 126 204Q146 260 150 300Z", look.dark)
        body = "M214 66Q302 74 300 190Q300 262 292 306Q276 334 214 334Q148 334 134 286Q112 196 138 128Q160 66 214 66Z"
        thumb = stroke("M140 206Q150 250 144 292", look.deep, 13)
        lines = stroke("M228 70Q240 130 238 178M138 178Q220 204 300 178", look.seam, 3)
        wheel = turned(
            bar(192, 96, 22, 52, look.deep, r=11) + bar(197, 104, 12, 36, look.accent, r=6), 6
        )
        shadow = oval(212, 226, 100, 120, INK, opacity=0.13)
        return shadow + turned(rest + shape(body, ROUND) + lines + thumb + wheel, 12)
    body = "M200 72Q282 76 284 186V240Q282 326 200 328Q118 326 116 240V186Q118 76 200 72Z"
    return (
        oval(210, 220, 92, 124, INK, opacity=0.13)
        + shape(body, ROUND)
        + stroke("M200 76V172M118 186Q200 204 282 186", look.seam, 3)
        + bar(189, 106, 22, 52, look.deep, r=11)
        + bar(194, 114, 12, 36, look.accent, r=6)
    )


def tablet(look: Look) -> str:
    """A bright screen, or a page of text."""
    if look.says("e-reader", "e-ink", "ebook"):
        lines = "".join(
            bar(138, y, 124 - (y * 7) % 40, 6, "#8d8a83", r=2) for y in range(116, 292, 17)
        )
        return (
            bar(110, 62, 204, 286, INK, r=20, opacity=0.12)
            + bar(100, 50, 200, 290, MAIN, r=20)
            + bar(118, 72, 164, 236, "#eeeade", r=4)
            + bar(138, 90, 80, 10, "#5b5952", r=2)
            + lines
            + bar(182, 318, 36, 6, look.seam, r=3)
        )
    return (
        bar(72, 96, 278, 214, INK, r=20, opacity=0.12)
        + bar(60, 84, 280, 214, look.deep, r=20)
        + bar(62, 84, 278, 210, MAIN, r=20)
        + bar(72, 94, 258, 190, _SCREEN, r=12)
        + _scene(82, 104, 238, 170, look)
        + bar(104, 244, 194, 22, WHITE, r=11, opacity=0.35)
        + "".join(
            bar(116 + k * 30, 247, 16, 16, c, r=4)
            for k, c in enumerate(("#e58a3c", "#5b9b62", "#477fb8", "#eb8a96", PAPER, "#eec14a"))
        )
    )


def phone(look: Look) -> str:
    """Back and front, one behind the other; a rugged one has corners."""
    rugged = look.says("rugged")
    r = 14 if rugged else 28
    bumper = (
        "".join(bar(x, y, 26, 30, INK, r=6) for x in (186, 300) for y in (58, 312))
        if rugged
        else ""
    )
    back = (
        bar(90, 52, 136, 276, MAIN, r=r)
        + bar(102, 66, 52, 76, look.dark, r=18)
        + "".join(disc(128, y, 15, INK) + disc(124, y - 4, 4, STEEL_LIGHT) for y in (86, 122))
    )
    front = (
        bar(186, 74, 140, 278, INK, r=r, opacity=0.14)
        + bumper
        + bar(184, 60, 140, 278, look.deep, r=r)
        + bar(191, 67, 126, 264, _SCREEN, r=r - 6)
    )
    d = f"M{191 + r} 71H{317 - r}Q313 71 313 {71 + r}V{327 - r}Q313 327 {317 - r} 327H{191 + r}Q195 327 195 {327 - r}V{71 + r}Q195 71 {191 + r} 71Z"
    clock = bar(222, 112, 64, 14, WHITE, r=4, opacity=0.9) + bar(
        236, 134, 36, 6, WHITE, r=3, opacity=0.7
    )
    sky = (
        bar(190, 60, 130, 280, mix(look.accent, WHITE, 0.35))
        + disc(276, 186, 22, PAPER)
        + shape("M190 262L236 206L284 264L320 236V340H190Z", mix(look.main, "#4f6d7a", 0.6))
        + shape("M190 296Q250 266 320 296V340H190Z", mix(look.main, INK, 0.55))
    )
    return (
        ground(120, cy=346) + back + front + clipped(d, sky) + clock + bar(238, 78, 32, 8, INK, r=4)
    )


def watch(look: Look) -> str:
    """Square with rings, round with a pace, or with real hands."""
    strap = shape("M156 40H244L252 132H148ZM156 360H244L252 268H148Z", MAIN) + stroke(
        "M180 60V110M220 60V110M180 290V340M220 290V340", look.seam, 2, opacity=0.4
    )
    if look.says("square", "smartwatch") and not look.says("round"):
        case = bar(118, 112, 164, 176, INK, r=44) + bar(128, 122, 144, 156, _SCREEN, r=36)
        rings = "".join(
            stroke(f"M200 {200 - r}A{r} {r} 0 1 1 {200 - r * 0.8:g} {200 - r * 0.6:g}", c, 9)
            for r, c in ((48, "#ec7d68"), (34, "#b4cb4b"), (20, "#58b5b0"))
        )
        return (
            oval(208, 214, 90, 94, INK, opacity=0.13)
            + strap
            + case
            + rings
            + bar(280, 176, 12, 34, STEEL_DARK, r=5)
        )
    if look.says("hybrid"):
        marks = "".join(turned(bar(198, 130, 4, 12, INK, r=2), k * 30) for k in range(12))
        hands = turned(bar(196.5, 148, 7, 56, INK, r=3), -50) + turned(
            bar(197, 136, 6, 68, INK, r=3), 64
        )
        return (
            oval(208, 214, 96, 96, INK, opacity=0.13)
            + strap
            + disc(200, 200, 92, STEEL_DARK)
            + disc(200, 200, 84, STEEL_LIGHT)
            + disc(200, 200, 78, PAPER)
            + marks
            + disc(200, 238, 17, look.accent, opacity=0.5)
            + hands
            + disc(200, 200, 6, BRASS)
            + bar(290, 190, 14, 20, STEEL_DARK, r=4)
        )
    buttons = bar(286, 158, 14, 22, STEEL_DARK, r=5) + bar(286, 220, 14, 22, STEEL_DARK, r=5)
    pace = (
        bar(158, 168, 84, 22, WHITE, r=5)
        + bar(172, 204, 56, 10, "#58b5b0", r=4)
        + stroke("M152 240Q172 216 190 236T228 228T250 240", "#ec7d68", 5)
    )
    return (
        oval(208, 214, 96, 96, INK, opacity=0.13)
        + buttons
        + strap
        + disc(200, 200, 94, INK)
        + disc(200, 200, 86, STEEL_DARK)
        + disc(200, 200, 76, _SCREEN)
        + pace
    )


def charger(look: Look) -> str:
    """A plug with its pins and a coiled cable."""
    ports = "".join(
        bar(148, y, 52, 15, look.deep, r=7)
        for y in ((212, 248) if look.says("2 ports") else (228,))
    )
    cable = stroke(
        "M200 232Q296 232 296 288Q296 326 256 322Q226 316 244 290Q262 268 312 276",
        look.seam,
        8,
    )
    pins = bar(128, 84, 15, 56, STEEL, r=4) + bar(182, 84, 15, 56, STEEL, r=4)
    return (
        ground(110, cx=180)
        + pins
        + shape(
            "M104 128H222Q240 128 240 146V298Q240 318 220 318H106Q86 318 86 298V146Q86 128 104 128Z",
            ROUND,
        )
        + ports
        + cable
        + bar(198, 220, 30, 24, PAPER, r=5)
        + bar(306, 264, 36, 24, PAPER, r=5)
        + bar(340, 269, 14, 14, STEEL_DARK, r=3)
        + shape("M172 150L150 184H164L158 206L182 172H167Z", look.accent)
    )


def power_bank(look: Look) -> str:
    """A slab with its charge showing."""
    slim = look.says("slim")
    width = 124 if slim else 152
    left = 200 - width / 2
    dots = "".join(
        disc(left + 30 + k * 20, 286, 5.5, "#7ac48a" if k < 3 else look.seam) for k in range(4)
    )
    return (
        ground(width * 0.62, cy=328)
        + bar(left, 66, width, 258, ROUND, r=26)
        + bar(left + width / 2 - 26, 58, 52, 10, look.deep, r=4)
        + dots
        + shape(
            f"M{left + width / 2 + 8} 150L{left + width / 2 - 24} 200H{left + width / 2 - 2}L{left + width / 2 - 10} 236L{left + width / 2 + 24} 184H{left + width / 2 + 2}Z",
            look.seam,
            0.9,
        )
        + bar(left + 14, 84, 8, 200, WHITE, r=4, opacity=0.22)
    )


def hair_dryer(look: Look) -> str:
    """A barrel and a handle."""
    cable = stroke("M236 300Q240 346 300 340Q340 336 352 352", INK, 7)
    handle = shape("M214 200H274L262 306Q258 318 244 318H228Q214 318 212 306Z", look.dark)
    barrel = "M92 118L262 102Q318 106 318 164Q316 218 262 220L92 206Z"
    return (
        ground(86, cx=230, cy=326)
        + cable
        + handle
        + shape(barrel, MAIN)
        + shape("M52 126L96 114V210L52 198Z", INK)
        + disc(268, 162, 46, look.dark)
        + disc(268, 162, 34, look.deep)
        + stroke("M240 150H296M236 162H300M240 174H296", look.seam, 3)
        + stroke("M112 136L220 126", WHITE, 7, opacity=0.3)
        + bar(234, 244, 16, 34, look.accent, r=6)
    )


def toothbrush(look: Look) -> str:
    """An electric one on its stand, or four of bamboo in a cup."""
    if look.says("bamboo"):
        colours = (look.main, "#c46f4d", "#91bcd9", "#d0992f")
        brushes = "".join(
            turned(
                bar(192, 74, 16, 170, "#d8b57c", r=8)
                + bar(186, 66, 15, 44, WHITE, r=3)
                + bar(186, 66, 15, 14, c, r=3),
                a,
                200,
                300,
            )
            for a, c in zip((-20, -7, 7, 20), colours, strict=True)
        )
        return (
            ground(72)
            + brushes
            + shape("M140 196H260L250 304Q248 318 234 318H166Q152 318 150 304Z", "#e4ebeb")
            + shape("M140 196H260L258 212H142Z", WHITE)
            + bar(160, 222, 10, 80, WHITE, r=5, opacity=0.8)
        )
    return (
        ground(66)
        + oval(200, 312, 62, 14, STEEL)
        + oval(200, 307, 52, 9, STEEL_LIGHT)
        + shape("M176 306Q168 220 178 160H222Q232 220 224 306Z", ROUND)
        + shape("M186 160L190 104H210L214 160Z", WHITE)
        + bar(192, 62, 16, 50, WHITE, r=6)
        + bar(176, 60, 20, 40, look.accent, r=4)
        + bar(190, 196, 20, 32, look.seam, r=10)
        + disc(200, 248, 4, "#7ac48a")
    )


def laptop(look: Look) -> str:
    """An open laptop, for shops that sell them."""
    return (
        ground(160, cy=312)
        + bar(78, 92, 244, 176, look.deep, r=12)
        + bar(88, 102, 224, 156, _SCREEN, r=4)
        + _scene(92, 106, 216, 148, look)
        + shape("M52 268H348L364 300Q364 310 350 310H50Q36 310 36 300Z", STEEL)
        + shape("M36 300H364Q364 310 350 310H50Q36 310 36 300Z", STEEL_DARK)
        + bar(164, 276, 72, 12, STEEL_DARK, r=4)
    )
