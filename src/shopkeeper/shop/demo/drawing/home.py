"""Textiles and things that make a room."""

from shopkeeper.shop.demo.drawing.canvas import (
    GLASS,
    INK,
    LEAF,
    LEAF_DARK,
    MAIN,
    PAPER,
    ROUND,
    STEEL,
    STEEL_DARK,
    WHITE,
    WOOD,
    WOOD_DARK,
    bar,
    clipped,
    disc,
    ground,
    lightness,
    lying,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look


def blanket(look: Look) -> str:
    """Folded twice; knitted thick, woven in waffles, or with fringes."""
    fringes = "".join(f"M{x} 296v24" for x in range(76, 326, 10))
    layers = (
        shape("M66 176Q62 122 96 122H306Q338 124 334 176V240H66Z", look.light)
        + shape("M66 172H334V298H66Z", MAIN)
        + shape("M66 226H334V298H66Z", look.dark, 0.5)
    )
    texture = ""
    if look.says("waffle"):
        grid = "".join(f"M66 {y}H334" for y in range(140, 300, 14)) + "".join(
            f"M{x} 126V298" for x in range(80, 334, 14)
        )
        texture = stroke(grid, look.seam, 1.8, opacity=0.5)
    elif look.says("chunky"):
        texture = "".join(
            stroke(f"M66 {y}" + "q9 -14 18 0t18 0" * 7 + "q9 -14 16 0", look.seam, 6, opacity=0.45)
            for y in range(148, 300, 22)
        )
    elif look.says("fleece"):
        texture = stroke(
            "".join(f"M{80 + (k * 53) % 240} {142 + (k * 37) % 150}q6 5 12 0" for k in range(40)),
            look.seam,
            2.6,
            opacity=0.6,
        )
    else:
        texture = (
            bar(66, 250, 268, 8, look.accent)
            + bar(66, 264, 268, 4, look.accent)
            + bar(66, 196, 268, 5, look.accent, opacity=0.7)
        )
    body = "M66 172Q62 122 96 122H306Q338 124 334 172V298H66Z"
    return (
        ground(146, cy=316)
        + (stroke(fringes, look.dark, 4) if look.says("wool throw") else "")
        + layers
        + clipped(body, texture)
        + stroke("M66 172Q200 180 334 172M66 226Q200 234 334 226", look.deep, 3, opacity=0.6)
    )


def cushion(look: Look) -> str:
    """Plump, square or oblong, plain, striped or checked."""
    wide = look.says("60 × 40")
    d = (
        "M56 132Q200 108 344 132Q362 212 344 292Q200 314 56 292Q38 212 56 132Z"
        if wide
        else "M86 84Q200 106 314 84Q294 200 314 316Q200 294 86 316Q106 200 86 84Z"
    )
    texture = ""
    if look.says("strip"):
        texture = "".join(
            bar(x, 60, 10, 280, mix(look.main, WHITE, 0.55), opacity=0.8)
            for x in range(74, 340, 34)
        )
    elif look.says("check", "wool"):
        texture = "".join(
            bar(x, 60, 12, 280, look.seam, opacity=0.4) for x in range(70, 350, 44)
        ) + "".join(bar(30, y, 340, 12, look.seam, opacity=0.4) for y in range(90, 330, 44))
    elif look.says("velvet"):
        texture = shape("M120 80Q190 190 130 320L180 320Q230 190 190 80Z", WHITE, 0.16) + shape(
            "M250 80Q290 200 258 320L310 320V80Z", INK, 0.12
        )
    else:
        texture = stroke(
            "M112 118Q150 150 140 190M290 118Q256 146 262 180M116 288Q150 262 150 236",
            look.seam,
            2.4,
            opacity=0.5,
        )
    piping = stroke(d, look.dark, 5)
    return ground(130, cy=324) + shape(d, MAIN) + clipped(d, texture) + piping


def towel(look: Look) -> str:
    """A stack of three, folded."""
    stack = ""
    for k, colour in enumerate((look.dark, look.main, look.light)):
        y = 252 - k * 62
        stack += (
            bar(74, y, 252, 62, colour, r=26)
            + bar(74, y + 6, 60, 50, mix(colour, INK, 0.08), r=24)
            + stroke(f"M126 {y + 31}H318", mix(colour, INK, 0.18), 2.4)
        )
        stack += (
            bar(262, y + 2, 16, 58, mix(colour, WHITE, 0.45))
            if not look.says("waffle")
            else stroke(
                "".join(f"M{x} {y + 6}V{y + 56}" for x in range(140, 316, 12)),
                mix(colour, INK, 0.14),
                1.6,
            )
        )
    return ground(134, cy=318) + stack + stroke("M92 128H80V172", look.dark, 3, opacity=0.4)


def bed_linen(look: Look) -> str:
    """A made bed: two pillows and a turned-down cover."""
    pillow = "M{x} 132Q{a} 120 {b} 132Q{c} 160 {b} 190Q{a} 200 {x} 190Q{e} 160 {x} 132Z"
    left = pillow.format(x=84, a=138, b=192, c=200, e=76)
    right = pillow.format(x=208, a=262, b=316, c=324, e=200)
    sateen = (
        shape("M90 220Q160 250 120 330L170 330Q210 250 150 220Z", WHITE, 0.16)
        if look.says("sateen")
        else ""
    )
    cover = "M58 208Q200 194 342 208L354 318Q200 330 46 318Z"
    return (
        ground(164, cy=322) + bar(56, 84, 288, 150, WOOD, r=14) + bar(66, 94, 268, 130, WOOD_DARK, r=10, opacity=0.35) + bar(58, 168, 284, 60, PAPER, r=14)
        + shape(left, look.light) + shape(right, look.light) + stroke(left + right, look.dark, 2, opacity=0.5)
        + shape(cover, MAIN) + shape("M58 208Q200 194 342 208L346 240Q200 226 54 240Z", look.light) + clipped(cover, sateen)
        + stroke("M110 250Q118 290 104 320M240 244Q250 290 244 322M300 250Q300 280 312 318", look.seam, 2.4, opacity=0.5)
    )  # fmt: skip


def candle(look: Look) -> str:
    """In glass, stoneware or a tin; lit."""
    flame = (
        shape("M200 132Q180 108 200 74Q220 108 200 132Z", "#f6b545")
        + shape("M200 130Q191 116 200 98Q209 116 200 130Z", "#fff1c2")
        + disc(200, 104, 52, "#ffe39a", opacity=0.3)
    )
    wick = stroke("M200 128V152", INK, 3.5)
    label = (
        bar(152, 210, 96, 66, PAPER, r=4)
        + bar(172, 228, 56, 6, look.dark, r=3)
        + bar(182, 244, 36, 4, look.seam, r=2)
        + disc(200, 260, 4, look.main)
    )
    if look.says("travel", "tin"):
        return (
            ground(104)
            + flame
            + wick
            + shape("M108 190H292V296Q292 316 272 316H128Q108 316 108 296Z", ROUND)
            + oval(200, 190, 92, 24, STEEL)
            + oval(200, 190, 82, 19, mix(look.main, WHITE, 0.7))
            + stroke("M200 150V190", INK, 3.5)
            + bar(132, 228, 136, 58, PAPER, r=4)
            + bar(160, 244, 80, 6, look.dark, r=3)
            + bar(174, 260, 52, 4, look.seam, r=2)
        )
    if look.says("ceramic"):
        body = "M118 152H282Q290 250 258 316H142Q110 250 118 152Z"
        return (
            ground(92)
            + flame
            + shape(body, ROUND)
            + oval(200, 152, 82, 16, look.light)
            + oval(200, 154, 72, 11, PAPER)
            + wick
            + clipped(body, bar(100, 258, 200, 70, look.dark, opacity=0.6))
        )
    body = "M122 146H278V298Q278 318 258 318H142Q122 318 122 298Z"
    wax = clipped(
        body,
        bar(122, 186, 156, 140, mix(look.main, WHITE, 0.35))
        + oval(200, 186, 78, 9, mix(look.main, WHITE, 0.55)),
    )
    return (
        ground(88)
        + flame
        + shape(body, GLASS, 0.85)
        + wax
        + stroke("M200 128V184", INK, 3.5)
        + bar(134, 160, 10, 140, WHITE, r=5, opacity=0.6)
        + label
    )


def vase(look: Look) -> str:
    """Three stems in stoneware or glass."""
    stems = stroke(
        "M196 140Q190 90 158 62M202 140Q206 84 204 46M206 140Q222 100 252 78", LEAF_DARK, 4
    )
    heads = "".join(
        disc(x, y, r, c)
        for x, y, r, c in (
            (152, 56, 19, look.accent),
            (204, 40, 21, mix(look.accent, WHITE, 0.35)),
            (258, 72, 17, look.accent),
        )
    )
    hearts = "".join(disc(x, y, 6, PAPER) for x, y in ((152, 56), (204, 40), (258, 72)))
    leaves = turned(oval(176, 104, 20, 7, LEAF), 40, 176, 104) + turned(
        oval(228, 112, 20, 7, LEAF), -30, 228, 112
    )
    tall = "M178 132H222Q222 166 246 196Q274 232 262 284Q256 318 226 318H174Q144 318 138 284Q126 232 154 196Q178 166 178 132Z"
    if look.says("glass"):
        d = "M156 132H244L262 296Q264 318 242 318H158Q136 318 138 296Z"
        water = clipped(d, bar(120, 222, 160, 110, "#a9ccd3"))
        return (
            ground(76)
            + stems
            + leaves
            + heads
            + hearts
            + shape(d, mix(GLASS, look.main, 0.35), 0.85)
            + water
            + stroke("M198 150L190 290M204 150L210 296", LEAF_DARK, 3.5, opacity=0.6)
            + bar(160, 150, 11, 140, WHITE, r=5, opacity=0.55)
        )
    return (
        ground(76)
        + stems
        + leaves
        + heads
        + hearts
        + shape(tall, ROUND)
        + oval(200, 132, 22, 6, look.deep)
        + clipped(
            tall,
            bar(120, 250, 160, 8, look.dark, opacity=0.6)
            + bar(120, 264, 160, 4, look.dark, opacity=0.6),
        )
    )


def rug(look: Look) -> str:
    """Lying on the floor, one corner towards us."""
    d = "M64 116H300L352 300H24Z"
    if look.says("jute"):
        rings = "".join(
            f'<ellipse cx="200" cy="212" rx="{150 - k * 22}" ry="{96 - k * 14}" fill="none" stroke="{mix(WOOD, WOOD_DARK, k % 2)}" stroke-width="14"/>'
            for k in range(7)
        )
        return (
            oval(206, 222, 160, 104, INK, opacity=0.12) + rings + oval(200, 212, 12, 8, WOOD_DARK)
        )
    fringe = "".join(f"M{24 + k * 11} 302l-2 15" for k in range(30)) + "".join(
        f"M{64 + k * 9.4:.0f} 114l1 -10" for k in range(26)
    )
    inner = "M92 134H276L316 282H58Z"
    pattern = (
        "".join(
            shape(
                f"M{64 - k * 8} {132 + k * 34}H{304 + k * 10}l4 14H{60 - k * 8}Z",
                look.accent if k % 2 else look.seam,
                0.75,
            )
            for k in range(5)
        )
        if look.says("strip")
        else stroke(inner, look.accent, 5)
        + shape("M186 172L232 206L190 246L140 208Z", look.accent, 0.8)
    )
    return lying(d) + stroke(fringe, PAPER, 3.4) + shape(d, MAIN) + clipped(d, pattern)


def basket(look: Look) -> str:
    """Woven, with two handles or a lid."""
    lidded = look.says("lid")
    weave = WOOD if look.says("rattan") else "#c9b07d"
    d = "M96 148H304L284 302Q282 318 266 318H134Q118 318 116 302Z"
    rows = "".join(f"M90 {y}" + "q7 -7 14 0t14 0" * 8 for y in range(166, 318, 15))
    handles = stroke("M112 168Q84 196 118 214M288 168Q316 196 282 214", WOOD_DARK, 9)
    top = (
        bar(84, 116, 232, 30, mix(weave, INK, 0.08), r=12) + bar(182, 100, 36, 16, WOOD_DARK, r=8)
        if lidded
        else oval(200, 148, 104, 20, mix(weave, INK, 0.35))
        + shape("M128 150Q150 108 200 122Q262 104 276 150Q200 170 128 150Z", look.main)
    )
    return (
        ground(106)
        + shape(d, weave)
        + clipped(
            d,
            stroke(rows, mix(weave, INK, 0.22), 3.4, opacity=0.8)
            + bar(250, 140, 60, 190, INK, opacity=0.08),
        )
        + handles
        + top
    )


def wall_clock(look: Look) -> str:
    """Ten past ten, with numbers or marks."""
    rim = WOOD if look.says("oak") else STEEL_DARK
    face = look.main
    hands = mix(face, INK, 0.8) if lightness(face) > 0.25 else PAPER
    marks = "".join(
        turned(bar(197, 92, 6, 18 if k % 3 == 0 else 9, hands, r=2), k * 30) for k in range(12)
    )
    return (
        oval(208, 216, 138, 138, INK, opacity=0.12)
        + disc(200, 200, 136, rim)
        + disc(200, 200, 124, mix(rim, INK, 0.2))
        + disc(200, 200, 121, MAIN)
        + marks
        + turned(bar(195, 128, 10, 80, hands, r=5), -58)
        + turned(bar(196, 100, 8, 110, hands, r=4), 60)
        + turned(bar(198.5, 104, 3, 120, look.accent, r=1), 178)
        + disc(200, 200, 8, look.accent)
    )


def picture_frame(look: Look) -> str:
    """A landscape behind a mount."""
    hill, sun, far = mix(LEAF_DARK, INK, 0.1), "#e5a65a", "#9db4b0"
    scene = (
        bar(138, 112, 124, 176, "#e9dfcc")
        + disc(218, 164, 24, sun)
        + shape("M138 230L186 184L232 226L262 204V288H138Z", far)
        + shape("M138 262Q190 226 262 258V288H138Z", hill)
    )
    return (
        bar(96, 72, 226, 276, INK, opacity=0.12)
        + bar(88, 60, 224, 276, look.main, r=2)
        + bar(88, 60, 224, 10, look.light)
        + bar(302, 60, 10, 276, look.dark)
        + bar(104, 76, 192, 244, PAPER)
        + scene
        + shape("M104 76H210L104 244Z", WHITE, 0.18)
    )
