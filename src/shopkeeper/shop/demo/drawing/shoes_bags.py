"""Shoes seen from the side, and bags."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    CORK,
    INK,
    MAIN,
    PAPER,
    STEEL,
    STEEL_DARK,
    WHITE,
    bar,
    clipped,
    disc,
    ground,
    lightness,
    lying,
    mix,
    shape,
    stroke,
)
from shopkeeper.shop.demo.drawing.look import Look

_SOLE = "#efe8da"


def sneaker(look: Look) -> str:
    """A low shoe with a pale sole: laced, or slipped on."""
    upper = "M64 270Q58 214 78 170Q86 154 104 162Q128 182 158 168L176 158Q204 186 232 206Q262 224 304 230Q344 238 348 276Z"
    sole = "M58 262Q52 306 76 308H336Q358 306 354 268Q352 260 340 262Z"
    throat = "M150 172L176 158Q204 186 232 206L206 224Q172 200 150 172Z"
    laces = "M158 182L186 168M172 196L202 182M188 208L218 194"
    slip = look.says("slip-on", "slip on")
    return (
        ground(150, cy=308) + shape(upper, MAIN) + shape("M64 270Q58 214 78 170Q86 154 104 162Q94 214 116 270Z", look.dark)
        + shape("M292 228Q344 236 348 276H276Q272 248 292 228Z", look.light, 0.7) + stroke("M292 228Q270 246 276 268", look.seam, 2)
        + (shape("M158 168L176 158Q196 178 214 194L186 220Q160 196 158 168Z", look.deep) if slip else shape(throat, look.dark) + stroke(laces, WHITE if lightness(look.main) < 0.9 else STEEL, 6))
        + shape(sole, _SOLE) + stroke("M62 280H352", mix(_SOLE, INK, 0.2), 2.5) + stroke("M112 250Q160 262 200 234", look.seam, 2.4, opacity=0.8)
    )  # fmt: skip


def running_shoe(look: Look) -> str:
    """A light shoe on a thick, curved sole."""
    upper = "M66 250Q54 206 72 160Q80 142 100 156Q128 178 160 162L178 150Q206 180 238 202Q268 218 312 222Q350 230 352 262Z"
    sole = "M52 250Q44 300 74 308Q160 300 216 306Q300 316 346 296Q368 280 354 252Q300 244 230 252Q130 262 52 250Z"
    swoop = "M96 246Q150 250 210 200L230 214Q180 258 128 262Z"
    tread = "M78 308h22M116 305h22M154 304h22M196 306h22M240 309h22M284 308h22"
    return (
        ground(154, cy=312) + (stroke(tread, INK, 9) if look.says("trail") else "") + shape(upper, MAIN) + shape(swoop, look.accent)
        + shape("M152 168L178 150Q206 180 238 202L214 216Q178 196 152 168Z", look.dark) + stroke("M162 178L190 162M178 192L206 176M196 204L222 190", WHITE, 5.5)
        + shape(sole, WHITE) + shape("M52 250Q46 284 60 300Q160 280 230 282Q310 286 360 270Q360 258 354 252Q300 244 230 252Q130 262 52 250Z", mix(look.accent, WHITE, 0.6))
        + shape("M66 250Q54 206 72 160Q80 142 100 156Q88 200 106 252Z", look.dark, 0.7)
    )  # fmt: skip


def boot(look: Look) -> str:
    """Chelsea, hiking, winter or laced: a shaft, a toe and a strong sole."""
    upper = (
        "M112 82Q160 74 208 84Q208 150 220 186Q250 210 300 220Q346 230 348 280H104Q96 180 112 82Z"
    )
    chelsea, winter = look.says("chelsea"), look.says("winter")
    laces = "M186 110H212M188 136H216M192 162H222M204 186L236 178M226 204L252 192"
    front = shape("M140 120L182 120L170 214Q150 214 140 120Z", look.deep) + stroke(
        "M112 92Q104 66 122 62", look.deep, 7
    )
    front = (
        front
        if chelsea
        else shape("M176 90H210Q210 150 222 186L262 212L240 226Q184 206 176 90Z", look.dark)
        + stroke(laces, BRASS if look.says("hiking") else PAPER, 6)
    )
    cuff = (
        bar(102, 66, 116, 34, PAPER, r=16)
        if winter
        else stroke("M112 84Q160 76 208 86", look.dark, 9)
    )
    rugged = not chelsea
    return (
        ground(140, cy=312) + shape(upper, MAIN) + shape("M112 82Q100 180 104 280H140Q120 180 132 80Z", look.dark, 0.7) + front + cuff
        + shape("M300 220Q346 230 348 280H286Q280 246 300 220Z", look.dark, 0.55)
        + shape("M100 274H352V296Q352 308 338 308H232L226 298H172V308H112Q100 308 100 296Z", mix(INK, CORK, 0.12 if rugged else 0.3))
        + (stroke("M112 308h18M144 308h16M246 308h16M276 308h16M306 308h16", INK, 8) if rugged else "")
    )  # fmt: skip


def sandal(look: Look) -> str:
    """Straps over a footbed."""
    return (
        ground(150, cy=306) + shape("M56 268Q50 302 80 304H336Q358 300 352 272Q280 286 210 272Q120 256 56 268Z", mix(INK, CORK, 0.25))
        + shape("M56 252Q50 276 66 280Q140 272 214 288Q290 296 352 276Q354 260 330 258Q270 268 210 254Q120 236 56 252Z", CORK)
        + shape("M232 262Q250 196 300 200Q338 210 340 262Q318 270 304 268Q300 232 286 230Q262 232 262 270Z", MAIN)
        + shape("M72 252Q76 178 112 172Q168 168 196 256L172 252Q150 206 118 206Q102 208 102 254Z", MAIN)
        + stroke("M80 216Q120 236 178 210", look.dark, 15) + bar(120, 214, 22, 22, BRASS, r=4) + bar(126, 220, 10, 10, look.dark)
    )  # fmt: skip


def slipper(look: Look) -> str:
    """Closed at the toe, open at the heel, soft all over."""
    fleece = look.says("sheepskin")
    return (
        ground(150, cy=300) + shape("M54 266Q50 298 80 300H330Q358 296 352 268Z", mix(INK, CORK, 0.35))
        + shape("M56 270Q52 238 84 236Q120 238 150 250L160 272Z", look.deep)
        + shape("M128 268Q140 184 214 178Q330 186 352 262Q352 276 336 276H134Z", MAIN) + shape("M300 214Q346 240 352 264Q350 276 336 276H290Q318 250 300 214Z", look.dark, 0.4)
        + stroke("M128 262Q138 186 208 180", PAPER if fleece else look.dark, 20 if fleece else 10) + stroke("M230 190Q280 196 316 226", look.seam, 2.2, dash="6 5")
    )  # fmt: skip


def backpack(look: Look) -> str:
    """A pocket in front and a lid: for the hills, for a laptop, or rolled at the top."""
    body = "M112 316Q98 316 98 296L108 138Q112 84 200 82Q288 84 292 138L302 296Q302 316 288 316Z"
    handle = stroke("M176 84Q176 54 200 54Q224 54 224 84", look.deep, 9)
    straps = stroke("M110 158Q74 210 92 296M290 158Q326 210 308 296", look.deep, 15)
    pocket = "M134 306V216Q134 202 148 202H252Q266 202 266 216V306Z"
    base = ground(118, cy=318) + straps + handle + shape(body, MAIN)
    if look.says("roll"):
        top = shape("M118 128Q112 88 128 74H272Q288 88 282 128Z", look.dark) + bar(
            116, 72, 168, 22, look.deep, r=10
        )
        clasp = bar(186, 94, 28, 74, INK, r=4) + bar(182, 128, 36, 18, STEEL_DARK, r=4)
        return (
            base
            + top
            + shape(pocket, look.dark, 0.55)
            + stroke("M134 226H266", look.seam, 3)
            + clasp
        )
    if look.says("laptop"):
        zips = stroke("M122 140Q200 96 278 140", look.deep, 5) + stroke(
            "M144 222H256", look.deep, 5
        )
        return (
            base
            + shape(pocket, look.dark, 0.45)
            + zips
            + bar(252, 222, 5, 24, BRASS, r=2)
            + bar(180, 160, 40, 22, look.deep, r=3)
        )
    lid = shape("M106 158Q108 82 200 80Q292 82 294 158Q250 176 200 176Q150 176 106 158Z", look.dark)
    clips = "".join(
        bar(x, 150, 14, 66, look.deep, r=3) + bar(x - 3, 178, 20, 14, look.accent, r=3)
        for x in (150, 236)
    )
    sides = bar(90, 226, 22, 74, look.deep, r=8) + bar(288, 226, 22, 74, look.deep, r=8)
    return base + sides + shape(pocket, look.dark, 0.5) + lid + clips


def tote(look: Look) -> str:
    """Two handles; or a small bag on a long strap."""
    if look.says("crossbody"):
        strap = stroke("M112 190Q130 44 200 42Q270 44 288 190", look.deep, 8)
        body = "M100 184H300L308 296Q308 314 290 314H110Q92 314 92 296Z"
        flap = "M96 178H304L300 246Q200 286 100 246Z"
        return (
            ground(112, cy=318)
            + strap
            + shape(body, look.dark)
            + shape(flap, MAIN)
            + disc(200, 258, 9, BRASS)
            + stroke("M106 240Q200 278 294 240", look.seam, 2, dash="6 4")
        )
    back = stroke("M156 160Q152 70 200 70Q248 70 244 160", look.deep, 9)
    body = "M98 146H302L318 312H82Z"
    front = stroke("M146 160Q142 62 200 62Q258 62 254 160", look.dark, 10)
    leather = bar(140, 150, 12, 40, look.deep, r=3) + bar(248, 150, 12, 40, look.deep, r=3)
    mark = stroke("M98 168H302", look.seam, 2.2) + (
        bar(176, 226, 48, 30, look.seam, r=3, opacity=0.55)
        if look.says("leather")
        else disc(200, 240, 26, look.accent, opacity=0.85)
    )
    return (
        ground(120, cy=316)
        + back
        + shape(body, MAIN)
        + shape("M302 146L318 312H278L270 146Z", look.dark, 0.45)
        + mark
        + front
        + leather
    )


def wallet(look: Look) -> str:
    """A card holder, a bifold or a long purse with a zip."""
    if look.says("zip", "purse"):
        d = "M66 130H334V282Q334 296 320 296H80Q66 296 66 282Z"
        return (
            lying(d)
            + shape(d, MAIN)
            + stroke("M66 152H334", look.deep, 8)
            + stroke("M72 152H330", BRASS, 3, dash="4 3")
            + bar(316, 148, 12, 40, BRASS, r=5)
            + stroke("M80 170V284H320V170", look.seam, 2, dash="6 5")
        )
    cards = "".join(
        bar(104 + k * 6, 108 - k * 20 + 40, 192 - k * 12, 80, c, r=8)
        for k, c in enumerate((look.accent, PAPER))
    )
    d = "M84 156H316V292Q316 306 302 306H98Q84 306 84 292Z"
    slots = (
        ""
        if look.says("bifold")
        else stroke("M84 196Q200 214 316 196M84 226Q200 244 316 226", look.seam, 2.6)
    )
    fold = shape("M84 156H110V306H98Q84 306 84 292Z", look.dark, 0.6) if look.says("bifold") else ""
    return (
        lying(d)
        + cards
        + shape(d, MAIN)
        + slots
        + fold
        + stroke("M98 170V292H302V170", look.seam, 2, dash="6 5")
    )


def suitcase(look: Look) -> str:
    """A hard shell with ribs, a pulled-out handle and wheels."""
    ribs = "".join(
        bar(x, 128, 6, 160, look.seam, r=3, opacity=0.5) for x in (140, 166, 192, 218, 244)
    )
    shell = (
        "M124 108H276Q290 108 290 124V292Q290 308 276 308H124Q110 308 110 292V124Q110 108 124 108Z"
    )
    return (
        ground(100, cy=326) + stroke("M164 108V52H236V108", STEEL_DARK, 7) + bar(158, 44, 84, 16, INK, r=7)
        + "".join(bar(x, 304, 22, 20, INK, r=7) for x in (124, 254)) + shape(shell, MAIN) + clipped(shell, bar(262, 100, 40, 220, look.dark, opacity=0.45))
        + ribs + bar(176, 100, 48, 12, look.deep, r=5) + bar(288, 190, 9, 40, STEEL, r=3)
    )  # fmt: skip
