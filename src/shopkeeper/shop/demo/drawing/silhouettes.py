"""Which drawing shows which kind of product."""

from collections.abc import Callable, Mapping
from html import escape

from shopkeeper.shop.demo.drawing import (
    care_play,
    clothes,
    devices,
    furniture,
    garden_paper_tea,
    home,
    kitchen,
    media,
    outdoor,
    shoes_bags,
)
from shopkeeper.shop.demo.drawing.canvas import MAIN, WHITE, ground, shape
from shopkeeper.shop.demo.drawing.look import Look

Silhouette = Callable[[Look], str]


def parcel(look: Look) -> str:
    """A neat parcel whose label bears the initial: what is not known better."""
    letter = (
        f'<text x="130" y="228" font-family="system-ui,sans-serif" font-size="42" font-weight="600" '
        f'text-anchor="middle" fill="{look.deep}" transform="skewY(18.4)">{escape(look.initial)}</text>'
    )
    label = shape("M98 220L162 241V297L98 276Z", WHITE, 0.92)
    return (
        ground(120)
        + shape("M80 150L200 190V330L80 292Z", MAIN)
        + shape("M200 190L320 150V292L200 330Z", look.dark)
        + shape("M80 150L200 108L320 150L200 190Z", look.light)
        + shape("M128 134L248 174V226L230 216L212 238V187L98 144Z", look.accent)
        + label
        + letter
    )


FALLBACK: Silhouette = parcel
SILHOUETTES: Mapping[str, Silhouette] = {
    "t-shirt": clothes.t_shirt,
    "shirt": clothes.shirt,
    "sweater": clothes.sweater,
    "hoodie": clothes.hoodie,
    "rain-jacket": clothes.jacket,
    "softshell": clothes.jacket,
    "windbreaker": clothes.jacket,
    "down-jacket": clothes.jacket,
    "trousers": clothes.trousers,
    "jeans": clothes.trousers,
    "shorts": clothes.shorts,
    "dress": clothes.dress,
    "skirt": clothes.skirt,
    "socks": clothes.socks,
    "scarf": clothes.scarf,
    "beanie": clothes.beanie,
    "apron": clothes.apron,
    "sneaker": shoes_bags.sneaker,
    "running-shoe": shoes_bags.running_shoe,
    "boot": shoes_bags.boot,
    "sandal": shoes_bags.sandal,
    "slipper": shoes_bags.slipper,
    "backpack": shoes_bags.backpack,
    "tote": shoes_bags.tote,
    "wallet": shoes_bags.wallet,
    "suitcase": shoes_bags.suitcase,
    "tent": outdoor.tent,
    "sleeping-bag": outdoor.sleeping_bag,
    "camping-chair": outdoor.camping_chair,
    "camping-stove": outdoor.camping_stove,
    "water-bottle": outdoor.bottle,
    "dry-bag": outdoor.dry_bag,
    "headlamp": outdoor.headlamp,
    "bicycle-light": outdoor.bicycle_light,
    "trekking-poles": outdoor.trekking_poles,
    "bicycle": outdoor.bicycle,
    "kettle": kitchen.kettle,
    "coffee-maker": kitchen.coffee_maker,
    "coffee-grinder": kitchen.grinder,
    "mug": kitchen.mug,
    "plate-set": kitchen.plates,
    "pan": kitchen.pan,
    "pot": kitchen.pot,
    "knife": kitchen.knife,
    "board": kitchen.board,
    "vacuum-flask": kitchen.flask,
    "storage-jar": kitchen.jar,
    "teapot": kitchen.teapot,
    "blanket": home.blanket,
    "cushion": home.cushion,
    "towel": home.towel,
    "bed-linen": home.bed_linen,
    "candle": home.candle,
    "vase": home.vase,
    "rug": home.rug,
    "basket": home.basket,
    "wall-clock": home.wall_clock,
    "picture-frame": home.picture_frame,
    "table-lamp": furniture.table_lamp,
    "floor-lamp": furniture.floor_lamp,
    "pendant-lamp": furniture.pendant_lamp,
    "light-bulb": furniture.light_bulb,
    "chair": furniture.chair,
    "stool": furniture.stool,
    "desk": furniture.desk,
    "shelf": furniture.shelf,
    "sofa": furniture.sofa,
    "headphones": devices.headphones,
    "earbuds": devices.earbuds,
    "speaker": devices.speaker,
    "keyboard": devices.keyboard,
    "mouse": devices.mouse,
    "tablet": devices.tablet,
    "phone": devices.phone,
    "smartwatch": devices.watch,
    "charger": devices.charger,
    "power-bank": devices.power_bank,
    "laptop": devices.laptop,
    "hair-dryer": devices.hair_dryer,
    "toothbrush": devices.toothbrush,
    "soap": care_play.soap,
    "hand-cream": care_play.tube,
    "shampoo": care_play.pump,
    "face-serum": care_play.dropper,
    "lip-balm": care_play.lip_balm,
    "puzzle": care_play.puzzle,
    "blocks": care_play.blocks,
    "plush": care_play.plush,
    "board-game": care_play.board_game,
    "toy-car": care_play.toy_car,
    "crayons": care_play.crayons,
    "planter": garden_paper_tea.planter,
    "watering-can": garden_paper_tea.watering_can,
    "secateurs": garden_paper_tea.secateurs,
    "trowel-set": garden_paper_tea.trowel,
    "seeds": garden_paper_tea.seeds,
    "bird-house": garden_paper_tea.bird_house,
    "notebook": garden_paper_tea.notebook,
    "pen": garden_paper_tea.pen,
    "planner": garden_paper_tea.planner,
    "scissors": garden_paper_tea.scissors,
    "tea": garden_paper_tea.tea_tin,
    "coffee": garden_paper_tea.coffee_bag,
    "hot-chocolate": garden_paper_tea.hot_chocolate,
    "record": media.record,
    "television": media.television,
    "camera": media.camera,
}
