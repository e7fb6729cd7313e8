"""E-mail as files: letters of customers from a folder, answers into another, for whatever program fetches and sends mail.

`reading.py` a file as a letter, or why it is none that is answered · `writing.py` an answer as a file, in the thread of
the letter · `post.py` the door: every letter heard once, every answer written once, also when it is killed in between.
"""

from shopkeeper.support.letters.post import Delivered, Post
from shopkeeper.support.letters.reading import Letter, NotAnswered, read_letter

__all__ = ["Delivered", "Letter", "NotAnswered", "Post", "read_letter"]
