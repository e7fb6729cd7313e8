"""The one tree of exceptions that Shopkeeper raises on purpose.

A message says what was wrong and where, with the value; `hint` says what to do about it. A caller's mistake in
code stays `ValueError` or `TypeError`. How errors become HTTP answers is in `api/problems.py`.
"""


class ShopkeeperError(Exception):
    """Base of everything raised on purpose. `hint` is one sentence that says how to mend it, or empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(ShopkeeperError):
    """A setting is missing, unknown or out of range."""


class FeedError(ShopkeeperError):
    """A whole file from outside cannot be read. One bad row is no error but goes to the quarantine."""


class DatabaseError(ShopkeeperError):
    """The database cannot be reached, is full, is read-only or refused what was asked."""


class NotFound(DatabaseError):
    """No record has this id."""


class MigrationError(DatabaseError):
    """The database is newer than this program, or a migration did not apply."""


class FolderInUse(DatabaseError):
    """Another program serves the shop in this data folder."""


class ModelError(ShopkeeperError):
    """A model or asset is absent, damaged or cannot be used."""


class UnknownModel(ModelError):
    """Nothing has this id."""


class ArtifactError(ModelError):
    """A file fetched or built does not have the hash, format or version that was asked for."""


class FetchError(ModelError):
    """A file could not be brought here: no network, cut off, refused, or not fetched yet."""


class StorageError(ModelError):
    """A file cannot be kept: the disk is full or the folder cannot be written."""


class OutputError(ModelError):
    """What a model wrote is not what was asked for, and one attempt to mend it did not help.

    `text` is what it wrote last: for the eyes of whoever asked, never for a log.
    """

    text: str = ""


class BudgetExceeded(ModelError):
    """The tokens or the money set aside for this purpose today are spent. `retry_after_s`: until the next day begins."""

    retry_after_s: float = 0.0


class EngineError(ModelError):
    """A language model gave no answer. The kinds below say why; another engine may be asked instead."""


class EngineUnavailable(EngineError):
    """It cannot be reached, failed, or was closed."""


class EngineTimeout(EngineError):
    """No whole answer within the time budget."""


class EngineOverloaded(EngineError):
    """It turns requests away for now. `retry_after_s` is what it asks to wait, 0 if it does not say."""

    retry_after_s: float = 0.0


class Unsupported(EngineError):
    """The model or its engine cannot do what was asked."""


class ContextTooLong(EngineError):
    """Prompt and answer do not fit into the model's context."""


class Refused(ShopkeeperError):
    """Turned down on purpose: permission, limit or policy."""


class Conflict(Refused):
    """It does not fit the state of things: what is in use is not deleted, what is not finished is not used."""


class Unauthorized(Refused):
    """No valid API key came with the request."""


class TooLarge(Refused):
    """The input is over a stated limit."""
