"""Things for the garden, the desk and the tea table."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    INK,
    LEAF,
    LEAF_DARK,
    MAIN,
    PAPER,
    ROUND,
    SOIL,
    STEEL,
    STEEL_DARK,
    STEEL_LIGHT,
    WHITE,
    WOOD,
    WOOD_DARK,
    bar,
    clipped,
    disc,
    ground,
    lying,
    mirrored,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look


def _leaf(x: float, y: float, degrees: float, size: float = 1, colour: str = LEAF) -> str:
    d = f"M{x} {y}q{-26 * size:g} {-40 * size:g} 0 {-84 * size:g}q{26 * size:g} {44 * size:g} 0 {84 * size:g}Z"
    return turned(
        shape(d, colour) + stroke(f"M{x} {y}v{-62 * size:g}", LEAF_DARK, 2, opacity=0.6),
        degrees,
        x,
        y,
    )


def planter(look: Look) -> str:
    """A pot with a plant, or a box full of flowers on a rail."""
    if look.says("balcony", "box"):
        flowers = "".join(
            disc(x, y, 17, c) + disc(x, y, 6, "#f6d98a")
            for x, y, c in (
                (96, 156, "#d9708a"),
                (146, 132, PAPER),
                (200, 150, "#d9708a"),
                (252, 130, "#e2bb4e"),
                (304, 156, PAPER),
            )
        )
        leaves = "".join(
            _leaf(x, 214, a, 0.8, LEAF if k % 2 else LEAF_DARK)
            for k, (x, a) in enumerate(
                ((90, -20), (130, 8), (170, -10), (210, 12), (250, -8), (310, 18))
            )
        )
        return (
            ground(160, cy=316)
            + leaves
            + flowers
            + shape("M52 206H348L330 302Q328 314 314 314H86Q72 314 70 302Z", MAIN)
            + bar(44, 196, 312, 26, look.dark, r=8)
            + stroke("M96 222V300M304 222V300", look.seam, 3, opacity=0.5)
        )
    leaves = (
        _leaf(190, 196, -48, 1.15, LEAF_DARK)
        + _leaf(210, 196, 46, 1.15, LEAF_DARK)
        + _leaf(192, 196, -22, 1.45)
        + _leaf(208, 196, 24, 1.4)
        + _leaf(200, 196, 0, 1.6, mix(LEAF, WHITE, 0.12))
    )
    pot = "M118 204H282L260 302Q258 314 244 314H156Q142 314 140 302Z"
    saucer = shape("M112 306H288L276 326H124Z", look.deep) if look.says("saucer") else ""
    rim = (
        bar(106, 184, 188, 32, look.dark, r=7)
        if look.says("terracotta")
        else oval(200, 204, 82, 13, SOIL)
    )
    return (
        ground(96, cy=326)
        + leaves
        + saucer
        + shape(pot, ROUND)
        + rim
        + (
            clipped(pot, bar(100, 236, 200, 9, look.light) + bar(100, 252, 200, 4, look.light))
            if look.says("glazed")
            else ""
        )
    )


def watering_can(look: Look) -> str:
    """A long spout; slim for the windowsill, with a rose for the beds."""
    if look.says("indoor"):
        return (
            ground(96, cx=224)
            + stroke("M176 286Q120 270 104 180Q98 128 66 108", look.dark, 12)
            + stroke("M262 150Q344 140 334 232Q328 286 286 292", look.dark, 13)
            + shape("M170 318Q158 220 196 142H256Q298 220 286 318Z", ROUND)
            + oval(226, 142, 31, 9, look.deep)
        )
    return (
        ground(106, cx=220)
        + shape("M164 262L84 138L98 128L182 214Z", look.dark)
        + turned(shape("M62 112H120L104 146H80Z", STEEL), -34, 92, 132)
        + stroke("M176 174Q184 88 246 92Q310 98 308 172", look.dark, 13)
        + stroke("M306 196Q362 190 354 250Q344 296 300 300", look.dark, 12)
        + shape("M152 176H312L304 302Q302 318 286 318H178Q162 318 160 302Z", ROUND)
        + oval(232, 176, 80, 13, look.deep)
        + bar(154, 284, 156, 8, look.dark, opacity=0.6)
    )


def secateurs(look: Look) -> str:
    """Short blades, or long ones for the hedge."""
    wood = WOOD if look.says("ash wood") else "#c8433c"
    if look.says("shears", "hedge"):
        half = (
            shape("M194 40Q214 120 208 206L188 206Q176 120 194 40Z", STEEL)
            + stroke("M196 208L144 330", wood, 19)
            + stroke("M198 200L186 226", STEEL_DARK, 14)
        )
        return (
            oval(206, 330, 96, 10, INK, opacity=0.1)
            + turned(half, 10, 200, 210)
            + mirrored(turned(half, 10, 200, 210))
            + disc(200, 206, 11, STEEL_DARK)
            + disc(200, 206, 5, STEEL_LIGHT)
        )
    blade = shape("M196 188Q150 140 172 58Q222 96 226 176Z", STEEL) + shape(
        "M172 58Q222 96 226 176L210 182Q206 116 172 58Z", STEEL_LIGHT
    )
    hook = shape("M204 192Q252 168 246 104Q280 140 256 194Q240 214 214 210Z", STEEL_DARK)
    handles = (
        stroke("M196 198Q136 248 142 336", wood, 27)
        + stroke("M214 200Q266 250 256 336", mix(wood, INK, 0.16), 27)
        + stroke("M176 232Q200 246 230 232", STEEL_DARK, 7)
    )
    return oval(206, 340, 90, 10, INK, opacity=0.1) + turned(
        handles + hook + blade + disc(206, 196, 14, STEEL_DARK) + disc(206, 196, 6, STEEL_LIGHT), 8
    )


def trowel(look: Look) -> str:
    """A trowel, alone or with its fork."""
    handle = (
        bar(186, 58, 28, 116, WOOD, r=14)
        + bar(190, 62, 8, 104, mix(WOOD, WHITE, 0.3), r=4)
        + bar(186, 70, 28, 12, look.main, r=3)
        + stroke("M200 174V208", STEEL_DARK, 12)
    )
    scoop = shape("M162 208H238Q246 292 200 346Q154 292 162 208Z", STEEL) + shape(
        "M200 208H238Q246 292 200 346Z", STEEL_DARK, 0.55
    )
    if not look.says("set"):
        return oval(208, 346, 60, 8, INK, opacity=0.12) + turned(handle + scoop, 14)
    fork = stroke(
        "M164 226V316M200 222V332M236 226V316M164 228Q166 212 200 212Q234 212 236 228",
        STEEL_DARK,
        12,
    )
    cultivator = stroke("M200 206V246M166 316Q160 248 200 246Q240 248 234 316", STEEL, 12)
    tools = ((scoop, 108), (fork, 200), (cultivator, 292))
    return "".join(
        f'<g transform="translate({x - 164} 44) scale(.82)">{oval(206, 350, 44, 7, INK, opacity=0.12)}{handle}{head}</g>'
        for head, x in tools
    )


def seeds(look: Look) -> str:
    """A packet with its picture, and a few seeds."""
    if look.says("tomato"):
        art = "".join(
            disc(x, y, r, "#cf4b3c")
            + stroke(f"M{x} {y - r}v-8M{x} {y - r}l-9-5M{x} {y - r}l9-5", LEAF_DARK, 4)
            for x, y, r in ((172, 216, 30), (230, 232, 24), (206, 176, 20))
        )
    elif look.says("herb"):
        art = "".join(
            _leaf(x, 258, a, 0.9, c)
            for x, a, c in (
                (176, -24, LEAF),
                (200, 0, LEAF_DARK),
                (224, 24, LEAF),
                (188, -8, LEAF),
                (214, 12, LEAF_DARK),
            )
        )
    else:
        art = (
            stroke("M164 262V212M204 262V186M240 262V222", LEAF_DARK, 4)
            + "".join(
                disc(x + dx, y + dy, 11, c)
                for x, y, c in ((164, 204, "#d9708a"), (204, 178, "#5f7fc0"), (240, 214, "#e2a33e"))
                for dx, dy in ((0, -11), (11, 0), (0, 11), (-11, 0))
            )
            + "".join(disc(x, y, 7, PAPER) for x, y in ((164, 204), (204, 178), (240, 214)))
        )
    d = "M116 56H284V320H116Z"
    grains = "".join(
        turned(oval(x, y, 6, 4, SOIL), a, x, y)
        for x, y, a in ((306, 320, 20), (322, 308, 70), (330, 324, 120), (298, 332, 0))
    )
    return (
        lying(d)
        + shape(d, PAPER)
        + bar(116, 56, 168, 66, look.main)
        + bar(116, 56, 168, 16, look.dark)
        + bar(146, 84, 108, 11, PAPER, r=4)
        + bar(164, 102, 72, 6, PAPER, r=3, opacity=0.8)
        + clipped(
            "M126 132H274V276H126Z", bar(126, 132, 148, 144, mix(look.tint, WHITE, 0.3)) + art
        )
        + bar(146, 290, 108, 8, look.seam, r=4)
        + bar(116, 316, 168, 4, INK, opacity=0.08)
        + grains
    )


def bird_house(look: Look) -> str:
    """A nesting box with its perch, or a feeder with seeds."""
    roof = shape("M200 70L322 176L300 196L200 112L100 196L78 176Z", look.main) + shape(
        "M200 70L322 176L300 196L200 112Z", look.dark
    )
    if look.says("feeder"):
        return (
            ground(100, cy=330)
            + stroke("M200 20V78", INK, 4)
            + bar(128, 176, 14, 114, WOOD_DARK)
            + bar(258, 176, 14, 114, WOOD_DARK)
            + bar(156, 156, 88, 120, "#dbe8ea", r=4, opacity=0.9)
            + bar(156, 206, 88, 70, "#c9a25e", r=4)
            + bar(88, 286, 224, 24, WOOD, r=5)
            + "".join(disc(112 + k * 20, 284, 5, SOIL) for k in range(10))
            + roof
            + turned(
                oval(286, 264, 24, 16, "#4a78a6")
                + disc(304, 250, 12, "#4a78a6")
                + shape("M314 248L326 252L314 256Z", BRASS)
                + disc(306, 248, 2, INK),
                -6,
                286,
                264,
            )
        )
    return (
        ground(92, cy=330)
        + shape("M116 166L200 96L284 166V314H116Z", WOOD)
        + shape("M244 132L284 166V314H244Z", WOOD_DARK, 0.35)
        + stroke("M116 214H284M116 264H284", WOOD_DARK, 2.4, opacity=0.6)
        + disc(200, 208, 30, "#3d2f26")
        + disc(204, 211, 24, "#2a211b")
        + bar(192, 252, 16, 34, WOOD_DARK, r=5)
        + roof
    )


def notebook(look: Look) -> str:
    """Hard with a band, soft and stitched, or on a spiral."""
    pages = bar(116, 68, 192, 276, PAPER, r=6) + stroke("M304 80V336", mix(PAPER, INK, 0.2), 3)
    cover = bar(104, 58, 192, 280, MAIN, r=10 if look.says("hardcover") else 5)
    shadow = bar(116, 72, 200, 282, INK, r=10, opacity=0.13)
    if look.says("spiral"):
        rings = "".join(
            stroke(f"M120 {y}h-26", STEEL_DARK, 6) + disc(122, y, 5, look.deep)
            for y in range(84, 330, 22)
        )
        return (
            shadow
            + pages
            + cover
            + bar(160, 106, 108, 56, PAPER, r=4)
            + bar(178, 124, 72, 6, look.deep, r=3)
            + bar(190, 140, 48, 5, look.seam, r=2)
            + rings
        )
    if look.says("softcover"):
        return (
            shadow
            + pages
            + cover
            + stroke("M116 66V330", look.seam, 2.4, dash="9 7")
            + bar(150, 108, 100, 8, look.seam, r=4)
            + bar(150, 126, 64, 6, look.seam, r=3, opacity=0.7)
            + shape("M258 58H296V96Z", look.light)
        )
    ribbon = shape("M214 330H230V366L222 356L214 366Z", look.accent)
    return (
        ribbon
        + shadow
        + pages
        + cover
        + bar(104, 58, 26, 280, look.dark, r=8)
        + bar(262, 58, 11, 280, look.accent)
        + bar(160, 132, 74, 44, look.seam, r=3, opacity=0.5)
    )


def planner(look: Look) -> str:
    """Open, a week on two pages."""
    lines = "".join(f"M{x} {y}H{x + 112}" for x in (72, 216) for y in range(138, 300, 18))
    heads = bar(72, 104, 64, 12, look.main, r=4) + bar(216, 104, 64, 12, look.main, r=4)
    ticks = "".join(bar(72, y, 9, 9, look.accent, r=2) for y in (144, 180, 216)) + bar(
        216, 198, 88, 10, mix(look.accent, WHITE, 0.45), r=3
    )
    return (
        ground(160, cy=322)
        + bar(44, 84, 312, 236, look.dark, r=8)
        + shape("M54 78H192Q200 80 200 88V308Q196 300 184 300H54Z", PAPER)
        + shape("M346 78H208Q200 80 200 88V308Q204 300 216 300H346Z", mix(PAPER, WHITE, 0.5))
        + stroke(lines, mix(PAPER, INK, 0.16), 2)
        + heads
        + ticks
        + stroke("M200 86V306", mix(PAPER, INK, 0.24), 3)
        + shape("M230 300H246V346L238 336L230 346Z", look.accent)
    )


def pen(look: Look) -> str:
    """A fountain pen with its nib, a rollerball, or five in a row."""
    if "set" in look.words.split():
        colours = (look.main, "#c8533f", "#4a78a6", "#4f8a6a", "#d9a53b")
        row = ""
        for k, colour in enumerate(colours):
            x = 96 + k * 44
            row += (
                bar(x + 7, 84, 28, 236, INK, r=12, opacity=0.1)
                + bar(x, 110, 28, 172, colour, r=6)
                + bar(x, 74, 28, 78, mix(colour, INK, 0.2), r=8)
                + bar(x + 22, 84, 6, 60, STEEL, r=3)
                + shape(f"M{x + 3} 282H{x + 25}L{x + 16} 322H{x + 12}Z", STEEL)
            )
        return row
    brass = BRASS if look.says("brass") else STEEL
    body = (
        bar(182, 40, 36, 196, MAIN, r=16)
        + bar(188, 50, 7, 180, WHITE, r=3, opacity=0.3)
        + bar(181, 126, 38, 10, brass, r=2)
        + bar(212, 56, 9, 76, brass, r=4)
    )
    tip = shape("M184 236H216L208 276H192Z", look.deep) + (
        shape("M190 276H210L212 300Q208 330 200 346Q192 330 188 300Z", brass)
        + stroke("M200 300V340", INK, 2)
        + disc(200, 302, 4, INK)
        if look.says("fountain")
        else shape("M193 276H207L202 322H198Z", brass)
    )
    line = stroke("M64 332Q92 300 118 326T170 322", look.main, 4)
    return oval(220, 348, 70, 7, INK, opacity=0.1) + line + turned(body + tip, 32)


def scissors(look: Look) -> str:
    """Open, handles down."""

    def half(steel: str, grip: str) -> str:
        ring = stroke("M156 248a33 44 0 1 0 .1 0Z", grip, 19)
        return (
            shape("M188 60Q212 140 210 214L190 218Q178 140 188 60Z", steel)
            + stroke("M200 210L176 250", grip, 20)
            + turned(ring, 20, 156, 292)
        )

    return (
        oval(208, 340, 110, 9, INK, opacity=0.1)
        + turned(mirrored(half(STEEL_LIGHT, look.dark)), -10, 200, 212)
        + turned(half(STEEL, look.main), 10, 200, 212)
        + disc(200, 210, 9, STEEL_DARK)
    )


def tea_tin(look: Look) -> str:
    """A tin with a round lid and a leaf on its label."""
    colour = {
        "earl": "#3c4a78", "sencha": "#6f8f5a", "peppermint": "#7fb5a0", "rooibos": "#a8542f", "breakfast": "#7a2f3c",
    }  # fmt: skip
    tin = next((c for word, c in colour.items() if look.says(word)), look.main)
    return (
        ground(86)
        + bar(124, 112, 152, 206, tin, r=8)
        + bar(238, 112, 38, 206, INK, r=8, opacity=0.16)
        + bar(136, 124, 10, 184, WHITE, r=5, opacity=0.22)
        + oval(200, 112, 76, 13, mix(tin, INK, 0.3))
        + bar(118, 76, 164, 44, mix(tin, INK, 0.24), r=8)
        + bar(128, 82, 10, 30, WHITE, r=5, opacity=0.2)
        + bar(146, 160, 108, 120, PAPER, r=54)
        + _leaf(192, 238, -20, 0.6)
        + _leaf(208, 238, 22, 0.6, LEAF_DARK)
        + bar(172, 248, 56, 6, mix(tin, INK, 0.2), r=3)
    )


def coffee_bag(look: Look) -> str:
    """A bag with a folded top, its roast told by colour."""
    colour = (
        "#2f3036"
        if look.says("espresso", "dark roast")
        else "#c98f4e"
        if look.says("light roast")
        else "#8fa08a"
        if look.says("decaf")
        else "#8a4b36"
    )
    body = "M116 92H284L292 306Q292 318 278 318H122Q108 318 108 306Z"
    bean = turned(
        oval(200, 240, 22, 30, "#4a2f22") + stroke("M200 212Q190 240 200 268", "#8a624c", 4),
        28,
        200,
        240,
    )
    return (
        ground(100)
        + shape(body, colour)
        + shape("M258 92H284L292 306Q292 318 278 318H262Z", INK, 0.2)
        + bar(110, 62, 180, 38, mix(colour, INK, 0.22), r=4)
        + bar(110, 72, 180, 5, mix(colour, WHITE, 0.25))
        + bar(98, 84, 16, 10, BRASS, r=3)
        + bar(286, 84, 16, 10, BRASS, r=3)
        + bar(142, 146, 116, 140, PAPER, r=4)
        + bar(160, 166, 80, 10, colour, r=3)
        + bar(172, 184, 56, 6, mix(colour, PAPER, 0.5), r=3)
        + bean
        + disc(200, 122, 6, mix(colour, INK, 0.4))
    )


def hot_chocolate(look: Look) -> str:
    """A round box beside a steaming cup."""
    brown = "#5a3b2a"
    cup = (
        shape("M214 216H332Q330 304 300 318H246Q216 304 214 216Z", look.light)
        + stroke("M330 232Q370 232 362 264Q354 286 322 282", look.light, 11)
        + oval(273, 216, 59, 12, mix(look.light, INK, 0.12))
        + oval(273, 218, 50, 8, brown)
    )
    steam = stroke(
        "M256 196Q246 178 258 164T256 132M290 196Q280 178 292 164T290 132", WHITE, 6, opacity=0.75
    )
    return (
        ground(150)
        + bar(66, 106, 132, 212, brown, r=10)
        + bar(166, 106, 32, 212, INK, r=10, opacity=0.2)
        + bar(60, 84, 144, 38, mix(brown, INK, 0.3), r=8)
        + bar(80, 158, 104, 112, PAPER, r=4)
        + shape("M132 176L156 196V224L132 240L108 224V196Z", brown)
        + bar(102, 252, 60, 6, brown, r=3)
        + steam
        + cup
        + oval(262, 216, 12, 5, WHITE)
        + oval(284, 219, 11, 5, WHITE)
    )
