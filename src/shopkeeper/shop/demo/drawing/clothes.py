"""Clothes, lying flat."""

from shopkeeper.shop.demo.drawing.canvas import (
    BRASS,
    INK,
    LEAF,
    MAIN,
    WHITE,
    bar,
    clipped,
    disc,
    lying,
    mirrored,
    mix,
    oval,
    shape,
    stroke,
    turned,
)
from shopkeeper.shop.demo.drawing.look import Look

_TEE = "M152 84Q200 118 248 84L288 98Q300 104 308 116L346 170L304 204L284 184L286 316Q200 326 114 316L116 184L96 204L54 170L92 116Q100 104 112 98Z"
_LONG = "M152 80Q200 108 248 80L284 94Q304 102 312 126L352 288L312 302L284 196L286 318Q200 328 114 318L116 196L88 302L48 288L88 126Q96 102 116 94Z"
_CUFFS = "M348 272L352 288L312 302L308 286ZM52 272L48 288L88 302L92 286Z"
_VEST = (
    "M152 80Q200 108 248 80L278 92Q268 140 286 170L288 318Q200 328 112 318L114 170Q132 140 122 92Z"
)
_COAT = "M152 66Q200 94 248 66L284 80Q304 88 312 112L350 262L312 276L284 184L296 344Q200 354 104 344L116 184L88 276L50 262L88 112Q96 88 116 80Z"


def _cloth(look: Look, d: str) -> str:
    """A piece of cloth with its shadow and its pattern."""
    return lying(d) + shape(d, MAIN) + _pattern(look, d)


def _pattern(look: Look, d: str) -> str:
    if look.says("strip"):
        colour = mix(look.main, look.seam, 0.75)
        rows = "".join(bar(0, y, 400, 8, colour) for y in range(122, 340, 24))
        return clipped(d, rows)
    if look.says("check", "flannel"):
        rows = "".join(bar(0, y, 400, 12, look.seam, opacity=0.45) for y in range(70, 350, 40))
        columns = "".join(bar(x, 0, 12, 400, look.seam, opacity=0.45) for x in range(34, 400, 40))
        return clipped(d, rows + columns)
    if look.says("floral"):
        flowers = _flower(look, 14, 20, mix(look.main, WHITE, 0.7)) + _flower(
            look, 42, 56, look.accent
        )
        return (
            '<pattern id="f" width="56" height="72" patternUnits="userSpaceOnUse">'
            f"{flowers}</pattern>{shape(d, 'url(#f)')}"
        )
    return ""


def _flower(look: Look, x: float, y: float, petals: str) -> str:
    """Five petals and two leaves."""
    leaves = turned(oval(x - 13, y + 6, 6, 2.6, LEAF), -30, x - 13, y + 6) + oval(
        x + 13, y + 5, 6, 2.6, LEAF
    )
    ring = "".join(turned(oval(x, y - 6, 3.6, 5, petals), k * 72, x, y) for k in range(5))
    return leaves + ring + disc(x, y, 2.8, mix(look.main, BRASS, 0.8))


def _sleeve_seams(look: Look, top: int = 112, bottom: int = 196) -> str:
    seam = stroke(f"M116 {bottom}Q120 {top + 44} 128 {top}", look.seam, 2.5, opacity=0.7)
    return seam + mirrored(seam)


def t_shirt(look: Look) -> str:
    """Short sleeves and a round neck, or a V."""
    neck = "M152 84L200 134L248 84" if look.says("v-neck") else "M152 84Q200 122 248 84"
    inside = shape("M152 84Q200 98 248 84Q200 122 152 84Z", look.deep)
    return (
        _cloth(look, _TEE)
        + (
            inside
            if not look.says("v-neck")
            else shape("M152 84Q200 96 248 84L200 134Z", look.deep)
        )
        + stroke(neck, look.dark, 8)
        + _sleeve_seams(look, 120, 186)
        + stroke(
            "M66 162L104 194M334 162L296 194M116 304Q200 314 284 304", look.seam, 2, opacity=0.6
        )
    )


def shirt(look: Look) -> str:
    """A shirt with a collar, a button front and one pocket."""
    collar = shape("M152 80L200 112L176 140L138 92Z", look.light) + stroke(
        "M152 80L200 112L176 140L138 92", look.seam, 2
    )
    if look.says("band collar"):
        collar = shape("M152 80Q176 98 199 104L199 116Q166 106 146 84Z", look.light)
    buttons = "".join(disc(200, y, 3.6, mix(look.main, WHITE, 0.65)) for y in range(140, 310, 34))
    return (
        _cloth(look, _LONG)
        + shape("M156 82Q200 96 244 82L200 114Z", look.deep)
        + stroke("M192 114V322M208 114V322", look.seam, 1.8, opacity=0.8)
        + buttons
        + collar
        + mirrored(collar)
        + stroke("M226 164H264V198L245 208L226 198Z", look.seam, 2.2)
        + shape(_CUFFS, look.dark, 0.55)
        + _sleeve_seams(look)
    )


def sweater(look: Look) -> str:
    """Ribs at neck, cuffs and hem; cables or a button front where the title says so."""
    hem = "M114 296L114 318Q200 328 286 318L286 296Q200 306 114 296Z"
    ribs = "".join(f"M{x} 303V320" for x in range(124, 284, 10))
    body = _cloth(look, _LONG) + shape(hem, look.dark) + stroke(ribs, look.deep, 1.6, opacity=0.7)
    body += shape(_CUFFS, look.dark) + _sleeve_seams(look)
    if look.says("cardigan"):
        buttons = "".join(disc(200, y, 5, BRASS) for y in range(176, 310, 34))
        front = shape("M152 80Q200 94 248 80L200 162Z", look.deep)
        edge = stroke("M150 82L200 164L250 82M200 164V322", look.dark, 11)
        return body + front + edge + stroke("M200 166V320", look.seam, 1.5) + buttons
    if look.says("cable"):
        for bend, colour, width in ((14, look.seam, 5), (-14, look.light, 2)):
            turns = f"q{bend} 16 0 32q{-bend} 16 0 32" * 2 + f"q{bend} 16 0 32"
            cables = "".join(f"M{x} 124{turns}" for x in (150, 200, 250))
            body += stroke(cables, colour, width, opacity=0.65)
    elif look.says("rib"):
        lines = "".join(f"M{x} 118V296" for x in range(132, 276, 14))
        body += stroke(lines, look.seam, 3, opacity=0.45)
    return (
        body
        + shape("M152 80Q200 94 248 80Q200 118 152 80Z", look.deep)
        + stroke("M150 82Q200 124 250 82", look.dark, 12)
    )


def hoodie(look: Look) -> str:
    """A hood, a pocket over the belly and two strings."""
    hood = "M142 96Q140 44 200 42Q260 44 258 96Q232 126 200 130Q168 126 142 96Z"
    front = stroke("M200 128V322", look.seam, 4) if look.says("zip hoodie", "full zip") else ""
    if look.says("half-zip", "half zip"):
        front = stroke("M200 112V186", look.seam, 4)
        hood = "M156 72Q200 92 244 72L250 100Q200 134 150 100Z"
    inside = "" if look.says("half-zip") else oval(200, 88, 36, 28, look.deep)
    strings = "" if look.says("half-zip") else stroke("M182 122V174M218 122V174", WHITE, 3.5)
    return (
        _cloth(look, _LONG)
        + shape("M114 300L114 318Q200 328 286 318L286 300Q200 310 114 300Z" + _CUFFS, look.dark)
        + shape("M150 236H250L272 284V300Q200 308 128 300V284Z", look.dark, 0.5)
        + stroke("M150 236L128 284M250 236L272 284M150 236H250", look.seam, 2.2)
        + front + shape(hood, look.dark) + inside + strings + _sleeve_seams(look)
    )  # fmt: skip


def jacket(look: Look) -> str:
    """A jacket with a zip: hooded, long, quilted or without sleeves, as its words say."""
    long, vest = look.says("raincoat", "parka", "long coat"), look.says("vest", "gilet")
    d = _COAT if long else _VEST if vest else _LONG
    top, bottom = (66, 346) if long else (80, 322)
    body = _cloth(look, d)
    if look.says("down"):
        rows = "".join(f"M40 {y}Q200 {y + 16} 360 {y}" for y in range(top + 44, bottom + 30, 30))
        body += clipped(d, stroke(rows, look.seam, 2.6))
    if not vest:
        cuffs = "M346 248L350 262L312 276L308 262ZM54 248L50 262L88 276L92 262Z" if long else _CUFFS
        body += shape(cuffs, look.dark) + _sleeve_seams(look, top + 32, 184 if long else 196)
    hood = f"M146 {top + 8}Q142 {top - 42} 200 {top - 44}Q258 {top - 42} 254 {top + 8}Q232 {top + 40} 200 {top + 44}Q168 {top + 40} 146 {top + 8}Z"
    collar = f"M154 {top - 12}Q200 {top + 6} 246 {top - 12}L252 {top + 12}Q200 {top + 46} 148 {top + 12}Z"
    hooded = look.says(
        "hooded", "raincoat", "rain", "windbreaker", "parka", "3-layer"
    ) and not look.says("without hood")
    neck = (
        shape(hood, look.dark) + oval(200, top + 2, 34, 30, look.deep)
        if hooded
        else shape(collar, look.dark)
    )
    zip_ = stroke(f"M200 {top + 42}V{bottom}", look.deep, 6) + stroke(
        f"M200 {top + 42}V{bottom}", mix(look.accent, WHITE, 0.15), 2.4
    )
    pockets = stroke("M152 216L138 262M248 216L262 262", look.seam, 4)
    tab = bar(196.5, top + 44, 7, 18, mix(look.accent, WHITE, 0.15), r=3)
    storm = shape(
        f"M118 {top + 52}Q200 {top + 92} 282 {top + 52}L284 {top + 84}Q200 {top + 118} 116 {top + 84}Z",
        look.dark,
        0.35,
    )
    band = storm if look.says("softshell", "3-layer", "half-zip windbreaker") else ""
    return body + clipped(d, band, "y") + pockets + zip_ + neck + tab


def trousers(look: Look) -> str:
    """Long trousers, wide or slim; jeans with their stitches."""
    leg = 16 if look.says("wide", "linen", "relaxed") else -4 if look.says("slim") else 4
    d = f"M134 66H266L278 176L{270 + leg} 340H{214 - leg // 4}L200 168L{186 + leg // 4} 340H{130 - leg}L122 176Z"
    jeans = look.says("jeans", "denim")
    thread = "#d79a4e" if jeans else look.seam
    dash = "5 4" if jeans else ""
    body = lying(d) + shape(d, MAIN) + shape("M200 96L200 168L186 340H176Z", look.deep, 0.14)
    if look.says("corduroy"):
        body += clipped(
            d,
            stroke(
                "".join(f"M{x} 60V345" for x in range(112, 300, 8)), look.seam, 1.6, opacity=0.5
            ),
        )
    body += shape("M134 66H266L268 86H132Z", look.dark) + disc(
        200, 76, 4.5, BRASS if jeans else look.light
    )
    body += stroke("M200 88V132Q198 148 186 152", thread, 2.2, dash=dash)
    body += stroke("M142 88Q146 112 126 120M258 88Q254 112 274 120", thread, 2.4, dash=dash)
    if look.says("hiking"):
        body += shape(f"M{128 - leg} 214L180 214L184 262L{126 - leg} 262Z", look.dark, 0.6) + shape(
            f"M{272 + leg} 214L220 214L216 262L{274 + leg} 262Z", look.dark, 0.6
        )
    loops = "".join(bar(x, 64, 6, 24, look.seam, r=2) for x in (150, 244))
    hems = stroke(
        f"M{131 - leg} 328H{186 + leg // 4}M{214 - leg // 4} 328H{269 + leg}", thread, 2, dash=dash
    )
    return body + loops + hems


def shorts(look: Look) -> str:
    """Short trousers."""
    d = "M124 110H276L304 284L214 292L200 214L186 292L96 284Z"
    running = look.says("running")
    stripe = shape(
        "M276 110L304 284L288 286L262 110ZM124 110L96 284L112 286L138 110Z", look.light, 0.8
    )
    cords = stroke("M192 134Q186 158 178 166M208 134Q214 158 222 166", WHITE, 3.2)
    front = stroke(
        "M200 134V172Q198 184 190 188M134 134Q138 158 116 164M266 134Q262 158 284 164",
        look.seam,
        2.4,
    )
    return (
        lying(d) + shape(d, MAIN) + (stripe if running else "") + shape("M124 110H276L279 132H121Z", look.dark)
        + (cords if running else front + disc(200, 121, 4.5, look.light))
        + stroke("M98 272L187 280M302 272L213 280", look.seam, 2)
    )  # fmt: skip


def dress(look: Look) -> str:
    """A fitted top and a swinging skirt, down to the knee, the calf or the floor."""
    hem, wide = (350, 112) if look.says("maxi") else (330, 98) if look.says("midi") else (304, 88)
    left, right = 200 - wide, 200 + wide
    d = f"M154 62L172 58Q200 100 228 58L246 62L262 124L246 172Q{right - 18} {hem - 80} {right} {hem}Q200 {hem + 20} {left} {hem}Q{left + 18} {hem - 80} 154 172L138 124Z"
    sleeve = ""
    if look.says("long sleeves"):
        sleeve = "M154 62L138 124L112 214L92 206L118 106Q130 70 154 62Z"
    elif look.says("short sleeves"):
        sleeve = "M154 62L140 122L106 124L116 92Q132 66 154 62Z"
    arms = lying(sleeve) + shape(sleeve, look.dark) if sleeve else ""
    folds = f"M176 184Q160 {hem - 60} 150 {hem + 4}M200 184V{hem + 8}M224 184Q240 {hem - 60} 250 {hem + 4}"
    belt = shape("M154 168H246L248 184H152Z", look.dark)
    wrap = stroke("M172 60Q186 120 240 168", look.seam, 3) if look.says("wrap") else ""
    buttons = (
        "".join(disc(200, y, 3.4, look.light) for y in range(106, 300, 26))
        if look.says("shirt dress")
        else ""
    )
    return (
        arms
        + mirrored(arms)
        + _cloth(look, d)
        + stroke(folds, look.seam, 2.2, opacity=0.6)
        + belt
        + wrap
        + buttons
    )


def skirt(look: Look) -> str:
    """Pleats, or a row of buttons."""
    d = "M146 94H254Q284 200 312 308Q200 330 88 308Q116 200 146 94Z"
    pleats = "".join(f"M{200 + k * 14} 116L{200 + k * 34} {316 - abs(k) * 2}" for k in range(-3, 4))
    button_front = stroke("M200 116V318", look.seam, 2) + "".join(
        disc(200, y, 4.5, BRASS) for y in range(134, 310, 30)
    )
    lines = (
        button_front
        if look.says("denim", "button")
        else stroke(pleats, look.seam, 2.6, opacity=0.75)
    )
    return _cloth(look, d) + lines + shape("M146 94H254L258 116H142Z", look.dark)


def socks(look: Look) -> str:
    """A pair, one behind the other."""
    tall = 70 if not look.says("ankle") else 140
    d = f"M176 {tall}H252V212Q254 240 226 258L158 302Q126 322 104 296Q88 270 112 252L160 216Q176 204 176 184Z"
    sock = (
        lying(d) + shape(d, MAIN) + shape(f"M176 {tall}H252V{tall + 34}H176Z", look.dark)
        + stroke("".join(f"M{x} {tall + 4}V{tall + 30}" for x in range(186, 250, 9)), look.deep, 1.6, opacity=0.6)
        + shape("M252 200V212Q254 240 226 258L212 267Q198 232 252 200Z", look.accent, 0.85)
        + shape("M104 296Q88 270 112 252L122 245Q150 262 146 308Q120 318 104 296Z", look.accent, 0.85)
    )  # fmt: skip
    return f'<g transform="translate(62 -14)" opacity=".82">{sock}</g><g transform="translate(-10 16)">{sock}</g>'


def scarf(look: Look) -> str:
    """Looped once, with fringes."""
    back = "M216 150L262 312H318L262 140Z"
    front = "M150 140L122 330H184L212 168Z"
    loop = "M112 104Q200 44 288 104Q306 140 268 164Q200 200 132 164Q94 140 112 104Z"
    fringe = "".join(f"M{x} 328v22" for x in range(126, 186, 9)) + "".join(
        f"M{x} 310v22" for x in range(266, 318, 9)
    )
    return (
        lying(back + front) + stroke(fringe, look.dark, 4) + shape(back, look.dark) + _cloth(look, front)
        + lying(loop) + shape(loop, MAIN) + shape("M146 112Q200 82 254 112Q262 126 244 134Q200 150 156 134Q138 126 146 112Z", look.deep)
        + stroke("M124 150Q200 186 276 150M118 134Q136 152 156 158", look.seam, 2.6, opacity=0.7)
    )  # fmt: skip


def beanie(look: Look) -> str:
    """A knitted hat, with a bobble if the title promises one."""
    d = "M96 250Q92 108 200 104Q308 108 304 250Z"
    ribs = "".join(
        f"M{200 + k * 22} 250Q{200 + k * 19} 150 {200 + k * 6} 108" for k in range(-4, 5)
    )
    brim = "".join(f"M{x} 252V306" for x in range(98, 310, 14))
    bobble = disc(200, 92, 34, look.accent) + disc(
        190, 82, 20, mix(look.accent, WHITE, 0.25), opacity=0.6
    )
    return (
        lying(d + "M86 240H314V312H86Z") + (bobble if look.says("bobble") else "") + shape(d, MAIN)
        + stroke(ribs, look.seam, 3, opacity=0.55) + bar(84, 240, 232, 74, look.dark, r=16)
        + stroke(brim, look.deep, 3, opacity=0.5) + ("" if look.says("bobble") else bar(228, 266, 40, 24, mix(look.accent, INK, 0.1), r=3))
    )  # fmt: skip


def apron(look: Look) -> str:
    """A bib, a strap and pockets."""
    d = "M152 96H248Q252 150 292 176V330Q200 342 108 330V176Q148 150 152 96Z"
    straps = "M156 98Q150 44 200 42Q250 44 244 98M108 178Q74 190 58 214M292 178Q326 190 342 214"
    return (
        stroke(straps, look.deep, 8) + _cloth(look, d) + stroke("M152 108H248", look.seam, 2.4)
        + shape("M140 216H260V282Q200 292 140 282Z", look.dark, 0.6) + stroke("M140 216H260M200 216V287", look.seam, 2.4)
    )  # fmt: skip
