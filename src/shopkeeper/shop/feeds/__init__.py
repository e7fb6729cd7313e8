"""Feeds: what shops and their tools export, read into records, and records written out again.

In comes a file in one of the formats of `formats`; out come records and, for each row that cannot be read, a `BadRow`
with its line, field and reason. On the way: `source` opens and unpacks, `encoding` finds the encoding, `tables` and
`json_values` give rows, `grouping` brings together what belongs together, a reader per format makes records,
`previewing` shows what would go in, `importer` writes it in batches that survive a kill, `imports` keeps what came of
it, `writing` is the way out.
"""

from shopkeeper.shop.feeds import imports
from shopkeeper.shop.feeds.detecting import Detected, detect
from shopkeeper.shop.feeds.formats import FORMATS, KINDS
from shopkeeper.shop.feeds.importer import ImportReport, Progress, run_import
from shopkeeper.shop.feeds.mapping import guess_mapping
from shopkeeper.shop.feeds.previewing import Preview, preview
from shopkeeper.shop.feeds.reading import read
from shopkeeper.shop.feeds.rows import BadRow
from shopkeeper.shop.feeds.writing import WRITERS, write

__all__ = [
    "FORMATS",
    "KINDS",
    "WRITERS",
    "BadRow",
    "Detected",
    "ImportReport",
    "Preview",
    "Progress",
    "detect",
    "guess_mapping",
    "imports",
    "preview",
    "read",
    "run_import",
    "write",
]
