"""Lamps and furniture."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
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
    disc,
    ground,
    mix,
    oval,
    shape,
    stroke,
)
from shopkeeper.shop.demo.drawing.look import Look

_GLOW = "#ffeab0"


def _glow(cx: float, cy: float, r: float) -> str:
    return disc(cx, cy, r, _GLOW, opacity=0.25) + disc(cx, cy, r * 0.66, _GLOW, opacity=0.3)


def table_lamp(look: Look) -> str:
    """A dome, a ceramic foot with a linen shade, or a jointed desk lamp."""
    if look.says("desk", "reading"):
        arm = stroke("M150 312L110 190L226 110", look.main, 11) + disc(110, 190, 11, BRASS)
        head = shape("M206 84L288 112Q282 164 234 172L186 116Z", MAIN)
        return (
            ground(92, cx=164)
            + shape("M196 168L300 128L340 316H150Z", _GLOW, 0.35)
            + arm
            + head
            + oval(256, 150, 34, 14, _GLOW)
            + shape("M96 318Q98 298 150 298Q202 298 204 318Z", look.dark)
        )
    if look.says("ceramic"):
        foot = "M160 318Q124 300 130 256Q140 208 182 200H218Q260 208 270 256Q276 300 240 318Z"
        return (
            _glow(200, 140, 150)
            + ground(86)
            + bar(192, 172, 16, 36, BRASS)
            + shape(foot, ROUND)
            + shape("M146 66H254L296 182H104Z", PAPER)
            + shape("M146 66H254L296 182H104Z", _GLOW, 0.5)
            + stroke("M104 182H296", mix(PAPER, INK, 0.2), 3)
            + stroke("M160 250Q160 222 182 214", WHITE, 6, opacity=0.35)
        )
    return (
        _glow(200, 190, 150)
        + ground(92)
        + bar(188, 186, 24, 116, look.dark)
        + shape("M118 318Q120 290 200 290Q280 290 282 318Z", look.dark)
        + oval(200, 196, 96, 14, _GLOW)
        + shape("M92 192Q94 78 200 78Q306 78 308 192Q200 212 92 192Z", MAIN)
        + stroke("M124 160Q132 112 176 100", WHITE, 8, opacity=0.3)
    )


def floor_lamp(look: Look) -> str:
    """On three legs, or bowing over an armchair."""
    if look.says("tripod"):
        legs = stroke("M200 140L132 336M200 140L268 336M200 140V330", WOOD, 11)
        return (
            _glow(200, 104, 120)
            + ground(92, cy=338)
            + legs
            + bar(186, 130, 28, 22, BRASS, r=5)
            + shape("M150 48H250L284 136H116Z", MAIN)
            + shape("M150 48H184L158 136H116Z", WHITE, 0.2)
        )
    arm = stroke("M244 330V104Q244 54 196 54Q150 54 148 84", look.dark, 9)
    return (
        ground(76, cx=244, cy=336)
        + shape("M112 128L62 330H218L184 128Z", _GLOW, 0.35)
        + arm
        + oval(148, 128, 40, 9, _GLOW)
        + shape("M104 128Q106 80 148 78Q190 80 192 128Z", MAIN)
        + oval(244, 334, 60, 10, look.deep)
    )


def pendant_lamp(look: Look) -> str:
    """Hanging over a table: steel, or folded paper."""
    cord = stroke("M200 0V98", INK, 4)
    if look.says("paper"):
        ribs = "".join(
            f'<ellipse cx="200" cy="204" rx="{rx}" ry="104" fill="none" stroke="{mix(look.main, INK, 0.14)}" stroke-width="2"/>'
            for rx in (30, 64, 94)
        )
        return (
            cord
            + disc(200, 204, 168, _GLOW, opacity=0.3)
            + oval(200, 204, 118, 106, mix(look.main, WHITE, 0.45))
            + oval(200, 204, 90, 84, _GLOW, opacity=0.45)
            + ribs
            + bar(176, 92, 48, 14, WOOD, r=4)
            + bar(180, 302, 40, 10, WOOD, r=4)
        )
    return (
        cord
        + shape("M84 236L20 400H380L316 236Z", _GLOW, 0.35)
        + bar(182, 92, 36, 34, BRASS, r=6)
        + oval(200, 236, 116, 20, _GLOW)
        + shape("M84 236Q92 126 200 122Q308 126 316 236Q200 256 84 236Z", MAIN)
        + stroke("M116 204Q128 158 168 144", WHITE, 8, opacity=0.28)
        + oval(200, 242, 30, 9, WHITE)
    )


def light_bulb(look: Look) -> str:
    """With filaments, or frosted and smart."""
    glass = "M200 58Q286 62 286 146Q284 196 240 232V258H160V232Q116 196 114 146Q114 62 200 58Z"
    screw = (
        bar(162, 256, 76, 56, STEEL, r=6)
        + stroke("M162 270H238M162 284H238M162 298H238", STEEL_DARK, 4)
        + shape("M172 312H228L214 330H186Z", INK)
    )
    if look.says("smart"):
        waves = stroke("M176 146Q200 122 224 146M186 160Q200 148 214 160", look.dark, 6) + disc(
            200, 174, 6, look.dark
        )
        return (
            ground(60, cy=334)
            + disc(200, 146, 130, _GLOW, opacity=0.35)
            + shape(glass, PAPER)
            + shape("M200 58Q286 62 286 146Q284 196 240 232V258H206Q262 180 200 58Z", INK, 0.06)
            + waves
            + bar(158, 238, 84, 22, WHITE, r=4)
            + screw
        )
    wire = stroke(
        "M178 258V196L168 130L186 178L200 126L214 178L232 130L222 196V258", "#e8973b", 4.5
    )
    return (
        ground(60, cy=334)
        + disc(200, 146, 130, _GLOW, opacity=0.45)
        + shape(glass, mix(GLASS, _GLOW, 0.6), 0.85)
        + wire
        + stroke("M140 150Q142 104 176 88", WHITE, 9, opacity=0.8)
        + screw
    )


def chair(look: Look) -> str:
    """Four legs and a back of slats, spindles or a padded shell."""
    wood, shade = look.main, look.dark
    if look.says("upholstered"):
        legs = stroke("M136 232L116 334M264 232L284 334M158 236L150 312M242 236L250 312", WOOD, 11)
        return (
            ground(100, cy=336)
            + legs
            + shape("M118 86Q200 60 282 86Q296 150 272 206H128Q104 150 118 86Z", MAIN)
            + shape("M108 204H292Q304 240 280 248H120Q96 240 108 204Z", shade)
            + stroke("M158 82V200M200 76V202M242 82V200", look.seam, 2.2, opacity=0.6)
        )
    back = stroke("M138 214L126 78M262 214L274 78", wood, 12)
    if look.says("spindle"):
        spindles = "".join(f"M{200 + k * 24} 212L{200 + k * 29} 92" for k in (-2, -1, 0, 1, 2))
        back += stroke(spindles, wood, 5.5) + stroke("M116 88Q200 52 284 88", shade, 18)
    else:
        back += shape(
            "M112 72Q200 46 288 72Q292 100 284 124Q200 102 116 124Q108 100 112 72Z", wood
        ) + stroke("M130 160Q200 144 270 160", shade, 10)
    legs = (
        stroke("M130 238L112 334M270 238L288 334", wood, 13)
        + stroke("M156 236L150 306M244 236L250 306", shade, 10)
        + stroke("M122 288H278", shade, 6)
    )
    return (
        ground(104, cy=336)
        + legs
        + back
        + shape("M106 212H294L304 242Q200 254 96 242Z", MAIN)
        + shape("M98 240Q200 254 302 240L300 250Q200 264 100 250Z", look.deep)
    )


def stool(look: Look) -> str:
    """A round seat on four legs."""
    high = look.says("65 cm", "75 cm")
    top = 96 if high else 160
    legs = stroke(f"M138 {top + 18}L108 330M262 {top + 18}L292 330", look.main, 14) + stroke(
        f"M170 {top + 18}L164 312M230 {top + 18}L236 312", look.dark, 11
    )
    rung = stroke("M120 268H280", look.dark, 8)
    return (
        ground(106, cy=334)
        + legs
        + rung
        + oval(200, top + 22, 106, 24, look.deep)
        + oval(200, top + 10, 106, 24, look.dark)
        + oval(200, top + 4, 106, 24, MAIN)
        + stroke(f"M130 {top}Q200 {top + 12} 270 {top}", look.seam, 2, opacity=0.5)
    )


def desk(look: Look) -> str:
    """A writing desk with its lamp, or one that rises."""
    if look.says("standing"):
        frame = (
            bar(96, 176, 16, 146, STEEL_DARK)
            + bar(288, 176, 16, 146, STEEL_DARK)
            + bar(100, 196, 8, 90, STEEL)
            + bar(292, 196, 8, 90, STEEL)
            + bar(66, 316, 76, 12, INK, r=5)
            + bar(258, 316, 76, 12, INK, r=5)
        )
        laptop = (
            bar(152, 92, 96, 62, INK, r=5)
            + bar(158, 98, 84, 50, "#9fb8c6")
            + bar(138, 152, 124, 8, STEEL_DARK, r=3)
        )
        return (
            ground(160, cy=328)
            + frame
            + laptop
            + bar(36, 160, 328, 18, look.main, r=5)
            + bar(36, 172, 328, 8, look.dark, r=3)
            + bar(236, 180, 40, 9, INK, r=3)
        )
    legs = stroke("M70 190L56 326M330 190L344 326M96 196L90 306M304 196L310 306", look.dark, 11)
    lamp = (
        stroke("M92 152V112L120 88", INK, 5)
        + shape("M108 78L140 92L124 112L98 98Z", INK)
        + bar(76, 148, 34, 6, INK, r=3)
    )
    books = (
        bar(252, 106, 14, 46, "#c46f4d")
        + bar(268, 98, 16, 54, "#35594a")
        + bar(286, 112, 12, 40, "#d0992f")
    )
    return (
        ground(160, cy=328)
        + legs
        + lamp
        + books
        + bar(40, 152, 320, 18, look.main, r=4)
        + bar(56, 170, 288, 34, look.dark)
        + bar(146, 176, 108, 22, look.main, r=2)
        + disc(200, 187, 4, BRASS)
    )


def shelf(look: Look) -> str:
    """A bookcase, a board on the wall, or a ladder with steps."""
    colours = ("#c46f4d", "#35594a", "#d0992f", "#2d3e5f", "#9db097")

    def row(x: float, y: float, count: int, start: int) -> str:
        found = ""
        for k in range(count):
            height = 40 + (k * 13 + start * 7) % 16
            found += bar(x + k * 15, y - height, 13, height, colours[(k + start) % 5], r=1)
        return found

    def plant(x: float, y: float) -> str:
        leaves = (
            oval(x - 9, y - 36, 7, 16, LEAF)
            + oval(x + 9, y - 38, 7, 18, LEAF_DARK)
            + oval(x, y - 44, 7, 18, LEAF)
        )
        return leaves + shape(f"M{x - 15} {y - 26}H{x + 15}L{x + 11} {y}H{x - 11}Z", "#c9785a")

    if look.says("wall shelf", "wall-mounted"):
        brackets = stroke("M104 220V252L132 220M296 220V252L268 220", INK, 6)
        return (
            bar(58, 222, 300, 16, INK, opacity=0.1)
            + brackets
            + row(84, 204, 6, look.number % 5)
            + plant(300, 204)
            + shape("M206 204Q206 170 228 168Q250 170 250 204Z", PAPER)
            + bar(48, 204, 304, 18, look.main, r=3)
            + bar(48, 216, 304, 7, look.dark, r=3)
        )
    if look.says("ladder"):
        sides = stroke("M132 334L158 54M268 334L242 54", look.main, 11)
        steps = "".join(
            bar(200 - w / 2, y, w, 11, look.main, r=2)
            + bar(200 - w / 2, y + 7, w, 5, look.dark, r=2)
            for y, w in ((118, 118), (190, 152), (262, 186))
        )
        return (
            ground(100, cy=336)
            + sides
            + row(166, 118, 4, 1)
            + plant(164, 190)
            + row(206, 190, 4, 3)
            + row(124, 262, 5, 2)
            + plant(252, 262)
            + steps
        )
    back = bar(96, 54, 208, 280, look.deep, r=4) + bar(108, 66, 184, 258, mix(look.main, INK, 0.28))
    shelves = "".join(bar(104, y, 192, 10, look.main) for y in (144, 234))
    frame = (
        bar(92, 50, 216, 14, look.main, r=3)
        + bar(92, 50, 14, 286, look.main, r=3)
        + bar(294, 50, 14, 286, look.dark, r=3)
        + bar(92, 322, 216, 14, look.main, r=3)
    )
    return (
        ground(120, cy=338)
        + back
        + row(116, 144, 7, 0)
        + plant(262, 144)
        + row(196, 234, 6, 2)
        + shape("M128 234Q118 202 146 196Q174 202 164 234Z", PAPER)
        + row(116, 322, 5, 4)
        + bar(206, 282, 76, 40, WOOD, r=3)
        + stroke("M230 300H258", WOOD_DARK, 4)
        + shelves
        + frame
    )


def sofa(look: Look) -> str:
    """A sofa with two seats, for shops that sell them."""
    legs = bar(78, 296, 14, 30, WOOD_DARK) + bar(308, 296, 14, 30, WOOD_DARK)
    back = bar(66, 128, 268, 130, look.dark, r=26)
    seats = bar(84, 204, 114, 66, look.light, r=14) + bar(202, 204, 114, 66, MAIN, r=14)
    arms = bar(44, 182, 48, 120, look.main, r=20) + bar(308, 182, 48, 120, look.dark, r=20)
    return (
        ground(166, cy=326)
        + legs
        + back
        + bar(70, 262, 260, 40, look.deep, r=10)
        + seats
        + arms
        + bar(110, 166, 58, 52, look.accent, r=8)
    )
