"""Pictures drawn from a product's kind, colour and words.

In comes a `Look` (colours and what the product's texts say), out goes the inside of an SVG of 400 × 400. `canvas` has
the strokes and the light that all drawings share, `look` finds colour and kind, and the other modules hold one
function a silhouette, gathered in `silhouettes`. Nothing a shop wrote reaches the SVG, save the escaped title.
"""

from shopkeeper.shop.demo.drawing.canvas import framed
from shopkeeper.shop.demo.drawing.look import Look, kind_of, look_of
from shopkeeper.shop.demo.drawing.silhouettes import FALLBACK, SILHOUETTES

__all__ = ["FALLBACK", "SILHOUETTES", "Look", "framed", "kind_of", "look_of"]
