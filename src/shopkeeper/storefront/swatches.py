"""Colours as dots: what a shopper calls a colour, and roughly how it looks."""

COLOUR_NAMES = frozenset({"color", "colour", "colors", "colours", "颜色", "farbe", "couleur"})

# Names in lower case; of one that is not here, its last word counts ("dusty rose" is a rose).
HUES = {
    "white": "#ffffff", "ivory": "#f8f4e6", "cream": "#f5ecd7", "oat": "#e6dcc8", "natural": "#e4d6bd",
    "sand": "#d9c5a0", "beige": "#dccbb0", "linen": "#e7dcc9", "stone": "#bdb5a6", "taupe": "#9c8b7a",
    "black": "#1f1f1f", "charcoal": "#3f4347", "graphite": "#4a4d52", "slate": "#5d6a75", "grey": "#8e9296",
    "gray": "#8e9296", "silver": "#c3c7cb", "steel": "#a9b0b6", "navy": "#1f3358", "blue": "#2f62b5",
    "sky": "#8fc1e3", "sky blue": "#8fc1e3", "light blue": "#a9cbe8", "ice blue": "#c5dfee", "denim": "#4b6a91",
    "indigo": "#39437f", "cobalt": "#1f4fb0", "petrol": "#14596a", "teal": "#177c7d", "turquoise": "#3bb6b0",
    "aqua": "#7fd0d3", "mint": "#b4dfc8", "green": "#3f8a4e", "sage": "#9cae8c", "sage green": "#9cae8c",
    "olive": "#6f7440", "moss": "#66743c", "forest": "#2d5a3d", "forest green": "#2d5a3d", "pine": "#23513f",
    "khaki": "#a99d6c", "lime": "#a8cf45", "yellow": "#f2ca3c", "mustard": "#d0a12b", "ochre": "#c48a2d",
    "gold": "#cfa94a", "honey": "#dca23b", "amber": "#d98c1f", "orange": "#ea8130", "apricot": "#f3b583",
    "peach": "#f6c2a4", "coral": "#ee7f68", "terracotta": "#bf6546", "rust": "#a8502d", "copper": "#b3693f",
    "brick": "#9d4536", "red": "#c8332d", "crimson": "#a81f2f", "burgundy": "#701f31", "wine": "#6d2338",
    "berry": "#8c2c55", "plum": "#693461", "aubergine": "#4a2842", "pink": "#efa6b9", "blush": "#efc9c4",
    "rose": "#dc8f97", "dusty rose": "#cf9a98", "magenta": "#c2327f", "purple": "#7a4aa1", "lilac": "#c3a9d9",
    "lavender": "#bcb0dc", "violet": "#6c4aa3", "brown": "#7a5136", "chocolate": "#563724", "walnut": "#65462f",
    "oak": "#bf9360", "cognac": "#a0602f", "tan": "#c39a6b", "camel": "#c19a63", "caramel": "#b9783c",
    "mocha": "#83634d", "espresso": "#432f25", "bronze": "#8d6a3a", "brass": "#b8964a", "nude": "#e3c1a8",
}  # fmt: skip


def hue_of(option: str, value: str) -> str:
    """The colour of a value as #rrggbb; empty if the option is no colour, or the colour is not known."""
    if option.strip().casefold() not in COLOUR_NAMES:
        return ""
    name = value.strip().casefold()
    return HUES.get(name) or HUES.get(name.rpartition(" ")[2], "")
