"""What the pages call the values of closed sets, in English; the other languages have these words as keys."""

from shopkeeper.search import Sort
from shopkeeper.shop.records import Availability, PageKind

AVAILABILITY = {
    Availability.IN_STOCK: "In stock",
    Availability.OUT_OF_STOCK: "Sold out",
    Availability.PREORDER: "Pre-order",
    Availability.BACKORDER: "Back-order",
    Availability.DISCONTINUED: "No longer made",
}
SORTS = {
    Sort.RELEVANCE: "Best match",
    Sort.PRICE_ASC: "Price, low to high",
    Sort.PRICE_DESC: "Price, high to low",
    Sort.RATING: "Best rated",
    Sort.NEWEST: "Newest",
    Sort.TITLE: "Title",
}
TEXTS = {
    PageKind.POLICY: "Policies",
    PageKind.FAQ: "Questions and answers",
    PageKind.GUIDE: "Guides",
}
THEMES = {"auto": "As the device", "light": "Light", "dark": "Dark"}

# What an error means to a shopper, by its code: what happened, and what to do. "" stands for all others.
PROBLEMS = {
    "not_found": ("This page is not here", "It may have moved, or the product is sold no longer. Search for it, or begin at the front page."),
    "method_not_allowed": ("This page is not here", "It may have moved, or the product is sold no longer. Search for it, or begin at the front page."),
    "invalid": ("That was not understood", "Something in the address or the form is not as it should be. Go back and try again."),
    "refused": ("That is not possible from here", "Open the shop's own page and try again."),
    "rate_limited": ("That was too fast", "Too many pages were asked for in a short time. Wait a moment and try again."),
    "database_unavailable": ("The shop is away for a moment", "Nothing is lost. Try again in a few seconds."),
    "": ("Something went wrong here", "It is our fault, not yours. Try again, or begin at the front page."),
}  # fmt: skip
