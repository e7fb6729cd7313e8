"""The state of everything a shop needs, each with what it means and how to mend it.

In: the settings. Out: findings, each green, yellow or red (`records.py`). They come from the machine (`machine.py`:
program, folder, disk, port, fetched files), from the database (`database.py`: server, shape, durability, its log) and
from the work done in it (`work.py`: the index, jobs, keys). Nothing is made, migrated or mended: looking is all that
happens here. An embedded server that nobody has started is started for the look and stopped again.
"""

from shopkeeper.health.examination import examine
from shopkeeper.health.records import Finding, Light

__all__ = ["Finding", "Light", "examine"]
