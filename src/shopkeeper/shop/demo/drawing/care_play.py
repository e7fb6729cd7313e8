"""Soap and creams, toys and games."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    INK,
    LEAF,
    LEAF_DARK,
    MAIN,
    PAPER,
    ROUND,
    WALNUT,
    WHITE,
    WOOD,
    WOOD_DARK,
    bar,
    clipped,
    disc,
    ground,
    mirrored,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look

_TOY = ("#c8533f", "#d9a53b", "#4f8a6a", "#4a78a6", "#8d6aa8")


def _label(x: float, y: float, width: float, height: float, look: Look) -> str:
    """A paper label with a sprig."""
    cx = x + width / 2
    sprig = (
        stroke(f"M{cx} {y + height * 0.32}v{height * 0.24}", LEAF_DARK, 2.4)
        + oval(cx - 6, y + height * 0.36, 6, 3, LEAF)
        + oval(cx + 6, y + height * 0.44, 6, 3, LEAF)
    )
    return (
        bar(x, y, width, height, PAPER, r=4)
        + sprig
        + bar(x + width * 0.2, y + height * 0.66, width * 0.6, 6, look.deep, r=3)
        + bar(x + width * 0.3, y + height * 0.8, width * 0.4, 4, look.seam, r=2)
    )


def soap(look: Look) -> str:
    """A bar with its band, and foam."""
    foam = "".join(
        disc(x, y, r, WHITE, opacity=0.75)
        for x, y, r in (
            (88, 282, 22),
            (114, 300, 16),
            (70, 302, 12),
            (312, 296, 18),
            (334, 304, 11),
        )
    )
    grains = (
        "".join(
            disc(112 + (k * 47) % 190, 176 + (k * 29) % 90, 3, look.dark, opacity=0.6)
            for k in range(20)
        )
        if look.says("exfoliating")
        else ""
    )
    return (
        ground(146, cy=310)
        + bar(76, 168, 248, 136, look.dark, r=46)
        + bar(76, 152, 248, 136, MAIN, r=46)
        + grains
        + bar(144, 150, 112, 154, PAPER)
        + bar(144, 150, 112, 154, look.main, opacity=0.12)
        + _label(158, 172, 84, 96, look)
        + stroke("M98 204Q100 176 130 170", WHITE, 7, opacity=0.4)
        + foam
    )


def tube(look: Look) -> str:
    """A tube on its cap, a pump, or a jar of balm."""
    if look.says("balm"):
        return (
            ground(110)
            + shape("M96 206H304V290Q304 316 278 316H122Q96 316 96 290Z", ROUND)
            + bar(88, 146, 224, 64, INK if look.number % 2 else WOOD, r=12)
            + bar(88, 146, 224, 18, WHITE, r=9, opacity=0.18)
            + _label(140, 222, 120, 76, look)
        )
    if look.says("lotion"):
        return pump(look)
    body = "M138 60H262L250 268H150Z"
    return (
        ground(62)
        + shape(body, MAIN)
        + shape("M138 60H262L261 82H139Z", look.light)
        + stroke("".join(f"M{x} 64V78" for x in range(146, 262, 9)), look.seam, 1.6, opacity=0.6)
        + _label(160, 116, 80, 108, look)
        + shape("M150 268H250L246 306Q244 318 232 318H168Q156 318 154 306Z", look.deep)
        + stroke("M152 96L158 250", WHITE, 6, opacity=0.3)
    )


def pump(look: Look) -> str:
    """A bottle with a pump; a conditioner has a cap."""
    conditioner = look.says("conditioner")
    neck = (
        bar(176, 74, 48, 40, INK, r=8)
        if conditioner
        else bar(188, 66, 24, 44, INK) + stroke("M200 66V54M140 62Q142 52 160 52H222", INK, 13)
    )
    return (
        ground(74)
        + neck
        + bar(168, 102, 64, 22, mix(INK, WHITE, 0.15), r=5)
        + shape(
            "M158 122H242Q274 128 274 160V298Q274 318 254 318H146Q126 318 126 298V160Q126 128 158 122Z",
            ROUND,
        )
        + _label(150, 176, 100, 112, look)
        + bar(138, 166, 8, 130, WHITE, r=4, opacity=0.3)
    )


def dropper(look: Look) -> str:
    """A small bottle with a pipette."""
    amber = mix("#9a5b2a", look.main, 0.2)
    body = (
        "M140 166H260Q276 170 276 190V298Q276 318 256 318H144Q124 318 124 298V190Q124 170 140 166Z"
    )
    return (
        ground(80)
        + shape("M186 44Q188 26 200 26Q212 26 214 44L218 92H182Z", INK)
        + bar(166, 90, 68, 46, mix(INK, BRASS, 0.85), r=5)
        + stroke("M178 96V130M190 96V130M202 96V130M214 96V130M226 96V130", mix(BRASS, INK, 0.3), 2)
        + bar(172, 134, 56, 34, amber)
        + shape(body, amber)
        + shape("M246 166H260Q276 170 276 190V298Q276 318 256 318H240Z", INK, 0.18)
        + _label(146, 200, 108, 96, look)
        + bar(134, 190, 8, 112, WHITE, r=4, opacity=0.4)
    )


def lip_balm(look: Look) -> str:
    """A stick, its cap beside it."""
    stick = (
        bar(150, 166, 68, 154, MAIN, r=6)
        + bar(156, 138, 56, 34, mix(look.main, INK, 0.25))
        + shape("M160 140V100Q164 78 208 70V140Z", mix(look.main, PAPER, 0.6))
        + _label(158, 204, 52, 90, look)
    )
    cap = bar(236, 208, 66, 112, look.dark, r=8) + bar(246, 214, 8, 98, WHITE, r=4, opacity=0.25)
    return ground(104, cx=216) + cap + stick


def puzzle(look: Look) -> str:
    """The box with its picture, and two pieces."""
    sky, hill, front = {
        "forest": ("#cfe0d2", "#6f9a7a", "#35594a"),
        "harbour": ("#cfe2ee", "#5f93bd", "#c8533f"),
    }.get(
        "forest" if look.says("forest") else "harbour" if look.says("harbour") else "",
        ("#f2dcc2", "#8fa3b5", "#56697c"),
    )
    picture = (
        bar(78, 92, 220, 176, sky)
        + disc(240, 136, 22, "#f6c56b")
        + shape("M78 214L140 140L190 206L236 158L298 218V268H78Z", hill)
        + shape("M78 240Q180 208 298 244V268H78Z", front)
    )
    if look.says("forest"):
        picture += "".join(
            shape(f"M{x} 244L{x + 17} 176L{x + 34} 244Z", front) for x in (88, 122, 168, 224, 252)
        )
    if look.says("harbour"):
        picture += (
            shape("M120 228H190L178 250H132Z", front)
            + shape("M152 224V160L190 220Z", PAPER)
            + bar(78, 248, 220, 20, "#3f6f98")
        )
    cuts = stroke(
        "M78 136h40q-6-14 6-16q12 2 6 16h46M78 222h60q-4 14 8 16q12-2 6-16h90M152 92v28q14-6 16 6q-2 12-16 6v64M226 92v44q-14-4-16 8q2 10 16 6v72",
        WHITE,
        2,
        opacity=0.75,
    )
    piece = shape(
        "M262 262H292Q288 244 302 242Q316 244 312 262H340V292Q358 288 360 302Q358 316 340 312V340H262Z",
        front,
    )
    return (
        ground(150, cy=330)
        + bar(64, 78, 248, 236, mix(front, INK, 0.35), r=6)
        + bar(64, 78, 248, 222, front, r=6)
        + clipped("M78 92H298V268H78Z", picture + cuts)
        + bar(78, 276, 96, 14, PAPER, r=3)
        + turned(piece, -10, 300, 300)
    )


def blocks(look: Look) -> str:
    """A tower of wooden blocks, or arches in seven colours."""
    if look.says("rainbow"):
        arches = ""
        for k, colour in enumerate(
            ("#c8533f", "#e08a3f", "#e2bb4e", "#6aa06c", "#4f8f9a", "#4a6ea6", "#7d5a94")
        ):
            r = 150 - k * 20
            arches += shape(
                f"M{200 - r} 318A{r} {r} 0 0 1 {200 + r} 318H{200 + r - 17}A{r - 17} {r - 17} 0 0 0 {200 - r + 17} 318Z",
                colour,
            )
        return ground(156) + arches
    cubes = ""
    for x, y, colour in (
        (92, 250, _TOY[0]),
        (164, 250, WOOD),
        (236, 250, _TOY[3]),
        (128, 182, _TOY[1]),
        (200, 182, _TOY[2]),
    ):
        cubes += (
            bar(x, y, 68, 68, colour, r=5)
            + bar(x, y, 68, 9, WHITE, r=4, opacity=0.25)
            + bar(x + 58, y, 10, 68, INK, r=4, opacity=0.12)
        )
    roof = shape("M162 182L200 112L238 182Z", look.main) + shape("M200 112L238 182H216Z", INK, 0.12)
    windows = (
        disc(126, 284, 14, PAPER, opacity=0.85)
        + shape("M252 318V286Q252 268 270 268Q288 268 288 286V318Z", mix(_TOY[3], INK, 0.35))
        + stroke("M184 284H212M198 270V298", WOOD_DARK, 5)
    )
    return ground(130) + cubes + roof + windows


def plush(look: Look) -> str:
    """A bear, a rabbit or a fox, sitting."""
    fox, rabbit = look.says("fox"), look.says("rabbit", "bunny")
    fur = "#cf7a3f" if fox else look.main
    pale, shade = mix(fur, WHITE, 0.6), mix(fur, INK, 0.16)
    ear = disc(138, 92, 30, shade) + disc(138, 94, 17, pale)
    if rabbit:
        ear = turned(oval(162, 74, 23, 52, shade) + oval(162, 78, 12, 38, pale), -10, 162, 100)
    if fox:
        ear = shape("M118 128L122 50L182 92Z", shade) + shape("M130 106L132 70L162 94Z", INK, 0.6)
    arm = turned(oval(118, 238, 25, 52, shade), 26, 118, 238)
    leg = oval(136, 302, 36, 29, shade) + oval(130, 306, 18, 17, pale)
    eye = disc(174, 136, 6.5, INK) + disc(172, 134, 2, WHITE)
    muzzle = shape("M126 146Q200 150 200 196Q148 190 126 146Z", PAPER) if fox else ""
    face = muzzle + mirrored(muzzle) if fox else oval(200, 168, 31, 24, pale)
    tail = (
        shape("M272 300Q356 296 344 206Q300 220 262 280Z", shade)
        + shape("M344 206Q352 246 334 264Q312 240 344 206Z", PAPER)
        if fox
        else ""
    )
    return (
        ground(108, cy=326) + tail + arm + mirrored(arm) + oval(200, 258, 76, 68, fur) + oval(200, 268, 44, 44, pale)
        + leg + mirrored(leg) + ear + mirrored(ear) + oval(200, 144, 78, 70, fur) + face + eye + mirrored(eye)
        + oval(200, 158, 9, 7, INK) + stroke("M200 165V176M200 176Q190 184 182 178M200 176Q210 184 218 178", INK, 2.6)
        + (stroke("M150 204Q200 226 250 204", look.accent, 11) if not fox else "")
    )  # fmt: skip


def _pawn(x: float, colour: str) -> str:
    return disc(x, 258, 15, colour) + shape(
        f"M{x - 18} 318L{x - 7} 266H{x + 7}L{x + 18} 318Z", colour
    )


def _domino(x: float, y: float, degrees: float, one: int, two: int) -> str:
    """A tile around (x, y) with its pips."""
    places = {
        1: ((0, 0),), 2: ((-1, -1), (1, 1)), 3: ((-1, -1), (0, 0), (1, 1)), 4: ((-1, -1), (1, 1), (-1, 1), (1, -1)),
        5: ((-1, -1), (1, 1), (-1, 1), (1, -1), (0, 0)), 6: ((-1, -1), (1, 1), (-1, 1), (1, -1), (-1, 0), (1, 0)),
    }  # fmt: skip
    pips = "".join(
        disc(x + 17 * dx, y + middle + 19 * dy, 6.5, PAPER)
        for middle, count in ((-46, one), (46, two))
        for dx, dy in places[count]
    )
    tile = bar(x - 40, y - 92, 80, 184, WALNUT, r=12) + bar(
        x - 26, y - 2, 52, 4, PAPER, opacity=0.7
    )
    return turned(tile + pips, degrees, x, y)


def _lid(look: Look) -> tuple[str, str]:
    """The colour of a game's box, and the picture on it."""
    if look.says("owl", "memory"):
        eyes = "".join(disc(x, 168, 21, PAPER) + disc(x, 168, 10, INK) for x in (152, 194))
        beak = shape("M166 184H180L173 200Z", "#e2a33e")
        return _TOY[4], oval(172, 186, 52, 60, "#c9a06a") + eyes + beak
    if look.says("market"):
        roof = shape("M96 166H248L258 194H86Z", "#c8533f")
        stripes = "".join(bar(96 + k * 38, 166, 19, 28, PAPER) for k in range(4))
        fruit = ("#e08a3f", "#c8533f", "#e2bb4e", "#6aa06c", "#c8533f")
        goods = "".join(disc(118 + k * 27, 210, 13, c) for k, c in enumerate(fruit))
        return mix(_TOY[2], INK, 0.1), roof + stripes + bar(100, 214, 144, 36, WOOD) + goods
    if look.says("bakery"):
        moon = disc(214, 144, 27, "#ffe39a") + disc(226, 136, 23, "#4a3f63")
        loaf = shape("M96 246Q92 196 134 190H212Q254 196 250 246Z", "#d79a52")
        cuts = stroke("M134 200l14 26M168 200l14 26M202 200l14 26", "#f3d6a4", 7)
        return "#4a3f63", moon + loaf + cuts
    beam = shape("M172 132L60 100V176Z", "#ffe39a", 0.5)
    tower = shape("M150 250L160 150H184L194 250Z", PAPER) + bar(156, 124, 32, 28, "#ffe39a")
    red = shape("M155 200H189L191 224H153ZM150 124L172 102L194 124Z", "#c8533f")
    sea = shape("M64 250Q120 226 172 250T282 250V270H64Z", "#5f93bd")
    return "#33577a", beam + tower + red + sea


def board_game(look: Look) -> str:
    """A box with its lid picture, pawns and a die; chess has its own board."""
    if look.says("chess"):
        squares = "".join(
            bar(84 + c * 29, 110 + r * 25, 29, 25, WALNUT if (r + c) % 2 else "#ecd9b4")
            for r in range(8)
            for c in range(8)
        )
        king = (
            shape("M176 300L184 236H216L224 300Z", PAPER)
            + bar(166, 296, 68, 18, PAPER, r=6)
            + disc(200, 224, 19, PAPER)
            + stroke("M200 206V184M190 194H210", PAPER, 7)
        )
        queen = (
            shape("M266 306L272 252H300L306 306Z", INK)
            + bar(256, 302, 60, 16, INK, r=6)
            + disc(286, 242, 17, INK)
        )
        return ground(150, cy=322) + bar(70, 98, 260, 226, WOOD_DARK, r=6) + squares + king + queen
    if look.says("domino"):
        return ground(150, cy=318) + "".join(
            _domino(x, y, a, one, two)
            for x, y, a, one, two in (
                (112, 206, -14, 3, 5),
                (200, 190, 4, 6, 2),
                (288, 212, 18, 4, 1),
            )
        )
    cover, art = _lid(look)
    die = turned(
        bar(300, 276, 42, 42, PAPER, r=8)
        + disc(312, 288, 4, INK)
        + disc(321, 297, 4, INK)
        + disc(330, 306, 4, INK),
        8,
        320,
        296,
    )
    return (
        ground(160, cy=324)
        + bar(56, 88, 236, 226, mix(cover, INK, 0.4), r=5)
        + bar(56, 88, 236, 204, cover, r=5)
        + clipped("M64 96H284V270H64Z", art)
        + bar(92, 272, 160, 12, PAPER, r=4, opacity=0.9)
        + _pawn(262, "#d9a53b")
        + _pawn(290, "#c8533f")
        + die
    )


def toy_car(look: Look) -> str:
    """A car, or a train with its wagons; wooden wheels."""

    def wheel(x: float, r: float = 28) -> str:
        return (
            disc(x, 296, r, WOOD_DARK)
            + disc(x, 296, r * 0.62, WOOD)
            + disc(x, 296, r * 0.2, WOOD_DARK)
        )

    if look.says("train"):
        engine = (
            bar(42, 236, 128, 56, look.main, r=8)
            + bar(48, 180, 56, 62, look.dark, r=6)
            + bar(58, 192, 34, 30, PAPER, r=4)
            + bar(128, 198, 22, 40, look.deep, r=4)
            + bar(40, 168, 72, 16, look.accent, r=5)
        )
        wagons = bar(188, 226, 76, 64, look.accent, r=7) + bar(282, 226, 76, 64, WOOD, r=7)
        return (
            ground(164, cy=324)
            + stroke("M166 276H192M260 276H286", INK, 7)
            + engine
            + wagons
            + "".join(wheel(x, 20) for x in (70, 140, 208, 246, 302, 340))
        )
    body = shape(
        "M52 292Q46 232 84 222L116 216Q138 156 178 152H238Q276 154 296 214L326 222Q354 230 350 292Z",
        MAIN,
    )
    windows = shape(
        "M136 216Q150 176 180 174H194V216ZM208 174H234Q258 176 272 216H208Z", PAPER, 0.9
    )
    return (
        ground(154, cy=324)
        + body
        + windows
        + bar(52, 262, 298, 9, look.dark)
        + disc(336, 246, 9, "#ffe39a")
        + wheel(116, 34)
        + wheel(288, 34)
    )


def crayons(look: Look) -> str:
    """A box with the points showing."""
    colours = ("#c8533f", "#e08a3f", "#e2bb4e", "#6aa06c", "#4a78a6", "#7d5a94", "#d9a5a0")
    pencils = look.says("pencil")
    sticks = ""
    for k, colour in enumerate(colours):
        x = 108 + k * 28
        top = 96 - (k * 17) % 24
        tip = shape(
            f"M{x} {top + 40}L{x + 12} {top}L{x + 24} {top + 40}Z", "#e7cfa3" if pencils else colour
        ) + (
            shape(f"M{x + 8} {top + 13}L{x + 12} {top}L{x + 16} {top + 13}Z", colour)
            if pencils
            else ""
        )
        sticks += (
            tip
            + bar(x, top + 38, 24, 140, colour, r=2)
            + bar(x + 4, top + 40, 5, 130, WHITE, opacity=0.25)
            + ("" if pencils else bar(x, top + 56, 24, 6, INK, opacity=0.3))
        )
    return (
        ground(116)
        + sticks
        + shape("M92 180Q200 226 308 180V304Q308 318 294 318H106Q92 318 92 304Z", look.main)
        + shape("M276 190Q292 186 308 180V304Q308 318 294 318H276Z", look.dark, 0.5)
        + bar(134, 244, 132, 40, PAPER, r=6)
        + "".join(disc(152 + k * 16, 264, 6, c) for k, c in enumerate(colours))
    )
