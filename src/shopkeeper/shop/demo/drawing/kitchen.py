"""Things that stand in a kitchen."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    GLASS,
    GLASS_DARK,
    INK,
    LEAF,
    LEAF_DARK,
    MAIN,
    PAPER,
    ROUND,
    STEEL,
    STEEL_DARK,
    STEEL_LIGHT,
    WALNUT,
    WHITE,
    WOOD,
    WOOD_DARK,
    bar,
    clipped,
    disc,
    ground,
    lying,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look

_COFFEE = "#4a2f22"


def kettle(look: Look) -> str:
    """A jug kettle on its base, with a gooseneck or a display where the title says so."""
    base = bar(112, 300, 176, 20, INK, r=9)
    if look.says("gooseneck", "pour-over kettle"):
        spout = stroke("M132 268Q74 262 88 196Q96 160 62 142", look.dark, 15)
        body = "M126 300Q120 210 156 164H244Q280 210 274 300Z"
        handle = stroke("M250 172Q330 150 326 232Q322 262 296 276", WALNUT, 17)
        return (
            ground(104, cy=324)
            + spout
            + handle
            + shape(body, ROUND)
            + oval(200, 164, 46, 12, look.dark)
            + disc(200, 144, 11, WALNUT)
            + base
        )
    body = "M122 300L136 130Q140 104 168 100H232Q260 104 264 130L278 300Z"
    spout = "M140 118L96 104Q88 118 104 132L132 178Z"
    handle = stroke("M262 122Q336 120 332 196Q328 256 278 272", INK, 18)
    window = bar(232, 190, 15, 86, GLASS, r=7) + bar(232, 226, 15, 50, "#a8cbd4", r=7)
    display = (
        bar(158, 304, 46, 12, mix(INK, WHITE, 0.2), r=3) + disc(226, 310, 4, "#e58a3c")
        if look.says("temperature")
        else disc(200, 310, 4, "#e58a3c")
    )
    return (
        ground(108, cy=324)
        + handle
        + shape(spout, look.dark)
        + shape(body, ROUND)
        + shape("M150 100Q156 80 200 80Q244 80 250 100Z", look.dark)
        + bar(190, 66, 20, 18, INK, r=7)
        + window
        + base
        + display
    )


def coffee_maker(look: Look) -> str:
    """A French press, a moka pot, or a dripper over its server."""
    if look.says("moka"):
        top = (
            shape("M142 178L126 84H270L258 178Z", STEEL)
            + shape("M126 84L96 92L136 122Z", STEEL_DARK)
            + shape("M132 84Q200 52 264 84Z", STEEL_DARK)
            + disc(200, 62, 9, INK)
        )
        foot = (
            shape("M142 190H258L278 318H122Z", STEEL)
            + shape("M224 190H258L278 318H236Z", STEEL_DARK, 0.7)
            + shape("M222 84H270L258 178H222Z", STEEL_DARK, 0.6)
        )
        return (
            ground(92)
            + stroke("M266 100Q322 96 316 178", INK, 17)
            + top
            + foot
            + bar(136, 174, 128, 20, STEEL_DARK, r=6)
            + shape("M150 190H178L166 318H134Z", STEEL_LIGHT, 0.7)
        )
    if look.says("pour-over", "dripper"):
        server = "M146 196H254L290 300Q294 318 276 318H124Q106 318 110 300Z"
        coffee = clipped(server, bar(100, 252, 200, 80, _COFFEE))
        dripper = (
            shape("M116 92H284L236 180H164Z", look.main)
            + shape("M116 92H284L274 110H126Z", look.dark)
            + bar(146, 178, 108, 14, look.dark, r=6)
        )
        return (
            ground(100)
            + stroke("M282 110Q326 120 272 160", look.dark, 10)
            + shape(server, GLASS, 0.95)
            + coffee
            + shape("M142 200H154L130 300H118Z", WHITE, 0.6)
            + bar(142, 188, 116, 14, WOOD, r=5)
            + dripper
        )
    glass = "M136 128H256V304Q256 316 244 316H148Q136 316 136 304Z"
    coffee = clipped(
        glass, bar(130, 196, 140, 124, _COFFEE) + bar(130, 188, 140, 12, mix(_COFFEE, WHITE, 0.35))
    )
    cage = stroke("M136 150H256M136 296H256M152 128V318M240 128V318", STEEL_DARK, 7)
    return (
        ground(88)
        + stroke("M256 150Q318 148 314 214Q312 270 256 282", INK, 16)
        + shape("M136 136L112 126L136 158Z", GLASS_DARK)
        + shape(glass, GLASS, 0.9)
        + coffee
        + cage
        + shape("M128 128Q132 98 196 98Q260 98 264 128Z", STEEL)
        + bar(192, 62, 8, 40, STEEL_DARK)
        + disc(196, 58, 13, INK)
    )


def grinder(look: Look) -> str:
    """A hand mill with its crank, or an electric one with its hopper."""
    if look.says("electric"):
        hopper = shape("M148 78H252L236 152H164Z", GLASS, 0.95) + shape(
            "M156 112H244L236 152H164Z", _COFFEE
        )
        return (
            ground(84)
            + bar(150, 66, 100, 14, INK, r=6)
            + hopper
            + shape("M146 152H254L264 316H136Z", mix(INK, WHITE, 0.12))
            + shape("M146 152H172L166 316H136Z", mix(INK, WHITE, 0.22))
            + bar(160, 232, 80, 72, GLASS_DARK, r=6, opacity=0.8)
            + bar(160, 266, 80, 38, _COFFEE, r=6)
            + disc(200, 190, 17, STEEL)
            + bar(198, 176, 4, 14, INK)
        )
    crank = stroke("M200 96V76H296", STEEL_DARK, 9) + bar(284, 38, 24, 42, WALNUT, r=11)
    return (
        ground(66)
        + crank
        + bar(158, 96, 84, 24, STEEL_DARK, r=9)
        + bar(152, 116, 96, 96, STEEL, r=6)
        + bar(164, 118, 16, 92, STEEL_LIGHT, r=6)
        + bar(150, 206, 100, 34, INK, r=5)
        + bar(154, 238, 92, 80, WOOD, r=8)
        + bar(166, 242, 14, 72, mix(WOOD, WHITE, 0.25), r=6)
    )


def mug(look: Look) -> str:
    """A mug, an enamel cup, or small cups on their saucers."""
    if look.says("espresso"):

        def cup(x: float, colour: str) -> str:
            return (
                oval(x, 300, 74, 14, PAPER)
                + oval(x, 296, 58, 9, mix(PAPER, INK, 0.1))
                + stroke(
                    f"M{x + 38} 216Q{x + 76} 218 {x + 68} 244Q{x + 58} 262 {x + 30} 260", colour, 10
                )
                + shape(
                    f"M{x - 46} 200H{x + 46}Q{x + 44} 282 {x + 16} 294H{x - 16}Q{x - 44} 282 {x - 46} 200Z",
                    colour,
                )
                + oval(x, 200, 46, 10, mix(colour, INK, 0.2))
                + oval(x, 202, 38, 7, _COFFEE)
            )

        return ground(150, cy=310) + cup(128, look.main) + cup(280, look.dark)
    handle = stroke("M262 168Q334 160 328 222Q320 276 258 272", look.dark, 22)
    if look.says("enamel"):
        body = "M110 134H270L262 300Q260 316 244 316H136Q120 316 118 300Z"
        return (
            ground(92)
            + stroke("M264 168Q326 162 320 220Q314 262 260 258", look.main, 12)
            + shape(body, ROUND)
            + oval(190, 134, 80, 15, mix(look.main, WHITE, 0.5))
            + stroke("M110 134a80 15 0 0 0 160 0a80 15 0 0 0 -160 0", "#37507c", 5)
            + "".join(
                disc(x, y, 2.6, mix(look.main, INK, 0.3), opacity=0.6)
                for x, y in ((140, 190), (190, 240), (232, 200), (160, 280), (222, 276), (200, 176))
            )
        )
    body = "M114 132H266V280Q266 316 230 316H150Q114 316 114 280Z"
    glaze = (
        clipped(
            body,
            shape("M100 120H280V196Q250 214 222 198Q190 180 160 202Q130 216 100 198Z", look.light),
        )
        if look.says("stoneware")
        else clipped(body, bar(100, 262, 180, 14, look.accent, opacity=0.9))
    )
    return (
        ground(94)
        + handle
        + shape(body, ROUND)
        + glaze
        + oval(190, 132, 76, 16, look.light)
        + oval(190, 135, 66, 11, _COFFEE if look.number % 2 else look.deep)
    )


def plates(look: Look) -> str:
    """A stack, deep or flat."""
    if look.says("bowl"):
        bowls = ""
        for k, colour in enumerate((look.dark, look.main, look.light)):
            y = 236 - k * 34
            bowls += shape(
                f"M90 {y}H310Q304 {y + 76} 236 {y + 84}H164Q96 {y + 76} 90 {y}Z", colour
            ) + oval(200, y, 110, 17, mix(colour, WHITE, 0.25))
        return ground(104) + bowls + oval(200, 170, 96, 12, look.deep, opacity=0.55)
    stack = "".join(
        shape(f"M52 {y}Q120 {y + 36} 200 {y + 36}Q280 {y + 36} 348 {y}Z", c)
        for y, c in ((278, look.deep), (262, look.dark), (246, look.main))
    )
    return (
        ground(140, cy=316)
        + stack
        + oval(200, 246, 148, 40, look.main)
        + oval(200, 243, 146, 37, look.light)
        + oval(200, 247, 100, 24, look.main)
        + oval(200, 250, 94, 20, mix(look.main, WHITE, 0.15))
    )


def pan(look: Look) -> str:
    """Seen from above, its handle to the right."""
    iron = look.says("cast", "carbon")
    rim = "#3b3d42" if iron else "#55585e"
    handle = stroke("M262 138L352 48", rim if iron else WALNUT, 24) + disc(
        346, 54, 6, mix(rim, WHITE, 0.5)
    )
    spout = shape("M70 196L44 210L72 236Z", rim) if look.says("cast") else ""
    inner = mix(rim, WHITE, 0.1) if iron else mix(look.main, "#d9d2c4", 0.75)
    return (
        ground(140, cx=176, cy=338)
        + handle
        + spout
        + disc(176, 222, 118, rim)
        + disc(176, 222, 108, mix(rim, INK, 0.35))
        + disc(176, 224, 98, inner)
        + stroke("M98 200A84 84 0 0 1 156 146", WHITE, 7, opacity=0.3)
        + oval(176, 238, 66, 58, mix(inner, INK, 0.08), opacity=0.6)
    )


def pot(look: Look) -> str:
    """A heavy casserole with two ears, or a saucepan with a long handle."""
    if look.says("saucepan"):
        return (
            ground(108, cx=176)
            + stroke("M260 196H366", INK, 18)
            + shape("M76 176H268V284Q268 316 236 316H108Q76 316 76 284Z", STEEL)
            + bar(92, 186, 22, 116, STEEL_LIGHT, r=10)
            + shape("M226 176H268V284Q268 316 236 316H218Z", STEEL_DARK, 0.5)
            + shape("M80 170Q90 136 172 136Q254 136 264 170Z", GLASS, 0.95)
            + bar(70, 166, 204, 13, STEEL_DARK, r=6)
            + bar(154, 112, 36, 24, INK, r=9)
        )
    ears = stroke("M82 206H54V232H84M318 206H346V232H316", look.dark, 15)
    body = "M76 188H324V276Q324 318 278 318H122Q76 318 76 276Z"
    lid = "M72 184Q84 122 200 118Q316 122 328 184Z"
    return (
        ground(136)
        + ears
        + shape(body, ROUND)
        + shape(lid, MAIN)
        + bar(66, 178, 268, 16, look.dark, r=8)
        + bar(178, 92, 44, 14, BRASS, r=7)
        + bar(192, 102, 16, 18, BRASS)
        + stroke("M104 166Q120 142 156 136", WHITE, 6, opacity=0.35)
    )


def knife(look: Look) -> str:
    """Blade up to the left; each sort by its own edge."""
    wood = WALNUT if look.says("walnut") else INK if look.says("composite") else WOOD_DARK
    blades = {
        "bread": "M232 176H40Q24 184 34 204L44 214l12-8l12 8l12-8l12 8l12-8l12 8l12-8l12 8l12-8l12 8l12-8l12 8l12-8l20 6Z",
        "santoku": "M232 168H92Q44 172 36 216Q110 232 232 226Z",
        "paring": "M232 180H150Q112 184 96 212Q150 218 232 214Z",
    }
    d = next(
        (b for word, b in blades.items() if look.says(word)),
        "M232 164Q120 160 22 222Q120 236 232 230Z",
    )
    handle = shape("M232 172H346Q366 176 364 200Q362 220 344 218L232 214Z", wood) + "".join(
        disc(x, 195, 5, STEEL) for x in (262, 296, 330)
    )
    shine = clipped(d, shape("M0 0H400V196L0 214Z", STEEL_LIGHT))
    waves = (
        clipped(d, stroke("M40 214Q80 190 120 212T200 208T260 204", STEEL_DARK, 2, opacity=0.8))
        if look.says("damascus")
        else ""
    )
    body = (
        lying(d + "M232 172H346Q366 176 364 200Q362 220 344 218L232 214Z")
        + shape(d, STEEL)
        + shine
        + waves
        + handle
        + bar(228, 170, 14, 46, STEEL_DARK, r=3)
    )
    return turned(body, -28)


def board(look: Look) -> str:
    """Wood with its grain; a serving board has a handle."""
    wood = WALNUT if look.says("walnut") else "#e0c48d" if look.says("bamboo") else WOOD
    grain = mix(wood, INK, 0.18)
    serving = look.says("serving")
    d = (
        "M178 40H222Q230 40 230 50V112Q284 118 284 150V324Q284 346 262 346H138Q116 346 116 324V150Q116 118 170 112V50Q170 40 178 40Z"
        if serving
        else "M88 92H312Q326 92 326 106V298Q326 312 312 312H88Q74 312 74 298V106Q74 92 88 92Z"
    )
    lines = "M74 128Q200 112 326 132M74 176Q190 196 326 170M74 226Q210 210 326 232M74 272Q180 288 326 268"
    hole = (
        disc(200, 66, 9, mix(wood, INK, 0.6))
        if serving
        else bar(270, 112, 36, 14, mix(wood, INK, 0.6), r=7)
    )
    if look.says("bamboo"):
        lines = "".join(f"M74 {y}H326" for y in range(114, 312, 22))
    groove = (
        ""
        if serving
        else stroke(
            "M96 142Q96 114 124 114H250M96 142V268Q96 292 120 292H280Q304 292 304 268V142",
            grain,
            4,
            opacity=0.8,
        )
    )
    herbs = turned(oval(236, 236, 30, 10, LEAF) + oval(220, 256, 26, 9, LEAF_DARK), -24, 230, 244)
    return (
        lying(d)
        + shape(d, wood)
        + clipped(d, stroke(lines, grain, 3, opacity=0.55))
        + groove
        + hole
        + (herbs if look.number % 2 else "")
    )


def flask(look: Look) -> str:
    """A vacuum flask with its cup, or a cup for the road."""
    if look.says("travel mug", "tumbler"):
        body = "M136 128H264L250 302Q248 318 234 318H166Q152 318 150 302Z"
        return (
            ground(62)
            + shape(body, ROUND)
            + shape("M128 128Q130 96 160 92H240Q270 96 272 128Z", INK)
            + bar(220, 84, 30, 12, look.accent, r=5)
            + clipped(body, bar(120, 214, 160, 52, look.dark))
            + bar(154, 138, 9, 150, WHITE, r=4, opacity=0.25)
        )
    body = "M142 144H258V304Q258 318 244 318H156Q142 318 142 304Z"
    return (
        ground(66)
        + shape("M154 66Q154 54 166 54H234Q246 54 246 66V132H154Z", STEEL)
        + bar(164, 58, 14, 72, STEEL_LIGHT, r=6)
        + bar(146, 128, 108, 20, STEEL_DARK, r=6)
        + shape(body, ROUND)
        + stroke("M258 176Q302 180 300 226Q298 268 258 270", INK, 12)
        + bar(142, 292, 116, 10, look.deep, opacity=0.5)
        + bar(156, 158, 9, 122, WHITE, r=4, opacity=0.22)
    )


def jar(look: Look) -> str:
    """Glass, with a bamboo lid or a wire clip; something good inside."""
    d = "M120 142H280V298Q280 318 260 318H140Q120 318 120 298Z"
    filling = look.pick("#d9b36c", "#8a5a3a", "#e7d9bd", "#a9623f")
    dots = "".join(
        disc(132 + (k * 37) % 138, 236 + (k * 23) % 76, 6, mix(filling, INK, 0.18), opacity=0.7)
        for k in range(18)
    )
    lid = (
        shape("M126 136Q128 98 200 96Q272 98 274 136Z", GLASS)
        + bar(118, 130, 164, 14, "#d9804f", r=6)
        + stroke("M284 150V96H240M116 150V118", STEEL_DARK, 5)
        if look.says("clip")
        else bar(118, 100, 164, 42, WOOD, r=9) + bar(118, 128, 164, 14, WOOD_DARK, r=6)
    )
    return (
        ground(88)
        + shape(d, GLASS, 0.95)
        + clipped(d, bar(110, 222, 180, 110, filling) + dots)
        + bar(136, 156, 14, 142, WHITE, r=7, opacity=0.65)
        + lid
    )


def teapot(look: Look) -> str:
    """Round, with a bamboo handle; of glass the tea shows."""
    body = "M92 216Q96 142 194 140Q292 142 296 216Q296 296 236 314H152Q92 296 92 216Z"
    spout = "M288 208Q330 200 344 156L366 160Q360 236 286 266Z"
    handle = stroke("M118 158Q120 62 194 62Q268 62 270 158", WOOD_DARK, 13)
    if look.says("glass"):
        tea = clipped(body, bar(80, 208, 230, 120, "#c98a3d", opacity=0.9))
        return (
            ground(110, cx=196)
            + handle
            + shape(spout, GLASS_DARK)
            + shape(body, GLASS, 0.95)
            + tea
            + bar(160, 176, 68, 84, STEEL, r=10, opacity=0.65)
            + stroke("M116 210Q124 174 160 162", WHITE, 8, opacity=0.8)
            + shape("M146 142Q150 120 194 120Q238 120 242 142Z", GLASS_DARK)
            + disc(194, 114, 11, WOOD)
        )
    return (
        ground(110, cx=196)
        + handle
        + shape(spout, look.dark)
        + shape(body, ROUND)
        + shape("M142 146Q148 120 194 118Q240 120 246 146Q194 160 142 146Z", look.dark)
        + disc(194, 112, 12, look.main)
        + stroke("M112 226Q112 186 146 168", WHITE, 7, opacity=0.3)
    )
