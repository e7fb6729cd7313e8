"""Ten types that a shop asks a language model to fill in, written as one writes them: few limits, all sorts of parts."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field


class Material(StrEnum):
    """What it is made of."""

    COTTON = "cotton"
    WOOL = "wool"
    LEATHER = "leather"
    STEEL = "steel"
    WOOD = "wood"
    OTHER = "other"


class Attributes(BaseModel):
    """Attributes of a product."""

    brand: str | None
    material: Material
    colours: list[str]
    weight_kg: float | None
    waterproof: bool


class Price(BaseModel):
    """An amount and its currency."""

    amount: Decimal = Field(ge=0, decimal_places=2)
    currency: Literal["EUR", "USD", "CNY"]


class Line(BaseModel):
    """A line of an order."""

    product: str
    quantity: int
    price: Price


class Order(BaseModel):
    """An order as a mail tells it."""

    customer: str
    placed: date
    lines: list[Line]
    note: str | None


class Category(BaseModel):
    """A category and those within it."""

    name: str
    within: list["Category"] = []


class Parcel(BaseModel):
    """A way of delivery: to a door."""

    kind: Literal["parcel"]
    street: str
    postcode: Annotated[str, Field(pattern=r"^\d{5}$")]


class Pickup(BaseModel):
    """A way of delivery: into a hand."""

    kind: Literal["pickup"]
    shop: str
    at: datetime


class Delivery(BaseModel):
    """One of two ways."""

    way: Parcel | Pickup
    fee: Decimal


class ChineseCopy(BaseModel):
    """商品文案。"""

    标题: str
    卖点: list[str]
    适合: Literal["男士", "女士", "儿童"]
    价格: Decimal


class Review(BaseModel):
    """A review, taken apart."""

    sentiment: Literal["positive", "negative", "mixed"]
    stars: Annotated[int, Field(ge=1, le=5)]
    aspects: dict[str, Literal["good", "bad"]]
    quote: str


class Size(BaseModel):
    """Outer measures."""

    length_mm: float
    width_mm: float
    height_mm: float


FORMS: dict[str, Any] = {
    "attributes": Attributes,
    "order": Order,
    "category": Category,
    "delivery": Delivery,
    "chinese": ChineseCopy,
    "review": Review,
    "size": Size,
    "prices": dict[str, Decimal],
    "keywords": list[str],
    "value": int | float | date | str,
}

TEXTS = (
    "Waxed cotton jacket by Harbour & Sons, navy or olive, 1.1 kg, keeps rain out. 149.00 EUR.",
    "Hi, it is Anna Li. On 2 May 2024 I ordered three mugs (8.50 EUR each) and a tea pot for 39. Gift wrap, please!",
    "Great boots, warm and light, but the laces broke after a week. Three stars from me.",
    "Stainless steel bottle 750 ml, 26 x 7 x 7 cm, double walled, green. 24,90",
    "Please bring it to 12 Mill Lane, 10115 Berlin. I can also pick it up at the shop on Friday at five.",
    "女士羊毛围巾，柔软保暖，红色和米色可选，售价199元，适合秋冬。",
    "Garden > Tools > Hand tools > Trowels; Garden > Pots; Kitchen > Knives",
    "The chair wobbled. Support answered within an hour and sent a new leg at no cost. Good people.",
    "Kids' rain boots, sizes 24 to 34, rubber, yellow with ducks. $19.99, two pairs $35.",
    "老板，我5月6日买的保温杯漏水，要退货，订单号 20240506。",
    "Solid oak table, seats six, 180 x 90 x 75 cm, 48 kg, oiled. 899 EUR, delivery 49 EUR.",
    "Not as described. The photo shows leather, what came is plastic. Money back!",
    "Espresso beans, 1 kg, dark roast, notes of cocoa and cherry. Roasted weekly.",
    "蓝牙耳机，降噪，续航30小时，黑色，仅售￥299。",
    "I would like 2 x AB-1234 and 1 x CD-9 sent to my sister. Invoice to Brown Ltd, 44 High Street.",
    "Merino socks, three pairs, grey. Hand wash. 21.00 USD.",
    "Works. Nothing special.",
    "Tent for two, 2.3 kg, 3000 mm water column, packed size 45 x 15 cm, bestseller since 2019.",
    "这款儿童书包很轻，孩子很喜欢，就是颜色有点深。",
    "Second order this year, again late by a week, again no word from you.",
    "USB-C cable, 2 m, braided, 100 W, charges a laptop. Pack of 2 for 17.49.",
    "Ceramic knife, 15 cm blade, white. Do not drop.",
    "“Best pillow” said my mother, and she complains about everything \\o/",
    "",
    "1000000000000000000000000000000 3.3333333333333333333333333333333333333333",
)
