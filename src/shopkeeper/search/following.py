"""What keeps search fresh in the background: the catalogue, its meanings, the merchant's word, suggestions.

Two threads. One listens to the database and takes in what changed: products at once, then what the merchant said and
which version is in use. The other makes vectors and rebuilds what takes longer (the vocabulary, the suggestions), so
that it never holds up a price.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import psycopg

from shopkeeper import artifacts
from shopkeeper.artifacts import State
from shopkeeper.errors import Conflict, DatabaseError, ModelError
from shopkeeper.models.embed import Embedder, RememberedQueries
from shopkeeper.retrieval.meaning import Meanings
from shopkeeper.retrieval.spelling import Vocabulary
from shopkeeper.search import merchant, suggest, versions
from shopkeeper.search.documents import BRAND, CATEGORY, PATH
from shopkeeper.search.finding import Snapshot
from shopkeeper.search.meanings import MeaningStore
from shopkeeper.search.merchant import Merchant
from shopkeeper.search.store import CatalogueStore
from shopkeeper.search.suggest import Kind, Phrase, Suggester
from shopkeeper.shop.database import Database
from shopkeeper.shop.records import Product

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
REBUILD_SECONDS = 10.0  # at least between two rebuilds of vocabulary and suggestions
REST = 20  # times as long as a rebuild took, for a large catalogue under an import
STOP_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 15.0  # for files of a version that were not here: reading them whole costs
PATIENCE_SECONDS = 10.0  # that one command spends on vectors that a server has not made


class Follower:
    """Everything that is searched, and the threads that keep it fresh."""

    def __init__(
        self,
        database: Database,
        store: CatalogueStore,
        embedders: Callable[[str], Embedder] | None,
    ) -> None:
        self._database = database
        self._store = store
        self._embedders = embedders
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._threads: list[threading.Thread] = []
        self._adopting = threading.Lock()
        self._vocabulary_of: object = None  # the catalogue it was made of
        self._suggesting = threading.Lock()
        self._suggester: Suggester | None = None
        self._suggester_of: object = None
        self._beside: tuple[object, MeaningStore | None] = (
            None,
            None,
        )  # catalogue, of a version not in use
        self.meanings: MeaningStore | None = None
        self.merchant = Merchant()
        self.vocabulary: Vocabulary | None = None
        self._look_again_at = 0.0
        self._unusable = (
            ""  # digest of a version in use that cannot be used here, so that it is said once
        )
        store.on_change = self._changed
        self._hear_merchant()

    def snapshot(self) -> Snapshot:
        """What is searched now."""
        used = self.meanings
        return self._with(
            {} if used is None else used.parts, None if used is None else used.embedder
        )

    def snapshot_with(self, embedder: Embedder) -> Snapshot:
        """What would be searched with the vectors of another embedder."""
        other = MeaningStore(self._database, embedder)
        other.load()
        return self._with(other.parts, embedder)

    def snapshot_of(self, version_id: int) -> Snapshot:
        """What would be searched with this version. Its vectors stay in memory until another is asked for."""
        with self._database.connection() as conn:
            version = versions.get(conn, version_id)
        digest, name = str(version.spec["digest"]), str(version.spec["embedder"])
        if version.state in (State.BUILDING, State.FAILED):
            raise Conflict(f"version {version_id} is not whole", hint="choose one that is finished")
        used = self.meanings
        if used is not None and used.embedder.digest == digest:
            return self.snapshot()
        columns, held = self._beside
        if held is None or held.embedder.digest != digest or columns is not self._store.columns:
            columns, held = self._store.columns, self._open(name, digest)
            if held is None:
                raise ModelError(
                    f"the files of {name} that version {version_id} was made with are not here",
                    hint=f"fetch them (shopkeeper models pull {name}), or build a new version",
                )
            held.load()
            self._beside = columns, held
        return self._with(held.parts, held.embedder)

    def _with(self, parts: Mapping[str, Meanings], embedder: Embedder | None) -> Snapshot:
        return Snapshot(
            self._store.columns, self._store.words, self.vocabulary, parts, embedder,
            merchant=self.merchant,
        )  # fmt: skip

    def start(self) -> None:
        """Follow changes in the background from now on."""
        if not self._threads:
            for name, work in (("search", self._follow), ("search-work", self._work)):
                self._threads.append(threading.Thread(target=work, name=name, daemon=True))
            for thread in self._threads:
                thread.start()

    def stop(self) -> None:
        """End the threads."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=STOP_SECONDS)

    def refresh(self) -> int:
        """Take in what has changed. Returns how many products did. With the threads, what takes longer follows. Without
        them it is done before this returns; but vectors of many products are left to a server, or the next time."""
        changed = self._store.refresh()
        if not self._threads:
            self._hear_merchant()
            self._adopt()
            self._make_vocabulary()
            enough_at = time.monotonic() + PATIENCE_SECONDS
            while self.meanings is not None and self.meanings.work(encode=self._store.is_writer):
                if time.monotonic() > enough_at:
                    break
        return changed

    def _changed(self, shown: Sequence[Product], changed: Sequence[str]) -> None:
        if self.meanings is not None:
            self.meanings.note(shown, changed)
        self._wake.set()

    def _hear_merchant(self) -> None:
        with self._database.connection() as conn:
            self.merchant = merchant.read(conn)

    def _adopt(self) -> None:
        """Search with the version in use: load its vectors beside those used so far, then switch."""
        if self._embedders is None:
            return
        with self._adopting:
            with self._database.connection() as conn:
                version = artifacts.in_use(conn, versions.KIND)
            digest = "" if version is None else str(version.spec["digest"])
            if digest == ("" if self.meanings is None else self.meanings.embedder.digest):
                return
            if version is None:
                self.meanings = None
                return
            if (
                digest == self._unusable
                and self._threads
                and time.monotonic() < self._look_again_at
            ):
                return
            fresh = self._open(str(version.spec["embedder"]), digest)
            self._look_again_at = time.monotonic() + LOOK_AGAIN_SECONDS
            if fresh is not None:
                fresh.load()
                self.meanings = fresh

    def _open(self, name: str, digest: str) -> MeaningStore | None:
        if self._embedders is None:
            return None
        try:
            embedder = self._embedders(name)
            if embedder.digest == digest:
                embedder.encode(["open"], kind="query")  # reads the weights now, not under a search
        except ModelError as error:
            if self._unusable != digest:
                log.warning("search goes by words alone: %s", error)
            self._unusable = digest
            return None
        if embedder.digest != digest:
            if self._unusable != digest:
                log.warning("the vectors in use were made by another %s; build them anew", name)
            self._unusable = digest
            return None
        return MeaningStore(self._database, RememberedQueries(embedder))

    def _make_vocabulary(self) -> None:
        """The words that typing errors are held against, if the catalogue has changed since."""
        columns = self._store.columns
        if self._vocabulary_of is not columns:
            self.vocabulary = Vocabulary(self._store.words.vocabulary())
            self._vocabulary_of = columns

    def suggestions(self) -> Suggester:
        """What is suggested; made when first asked for, and kept fresh by the threads."""
        if self._suggester is None or not self._threads:
            with self._suggesting:  # who comes meanwhile waits for it, and makes none of their own
                self._make_suggestions()
        assert self._suggester is not None
        return self._suggester

    def _make_suggestions(self) -> None:
        columns = self._store.columns
        if self._suggester is not None and self._suggester_of is columns:
            return
        with self._database.connection() as conn:
            queries = suggest.popular_queries(conn)
            translated = suggest.translated_titles(conn)
        categories = columns.value_counts(CATEGORY)
        brands = columns.value_counts(BRAND)
        rated = zip(columns.ids, columns.alive, columns.rating, strict=True)
        weights = {i: 1.0 + 0.1 * float(rating) for i, alive, rating in rated if alive}
        own = zip(columns.ids, columns.titles, columns.alive, strict=True)
        titles = [(i, title, weights[i]) for i, title, alive in own if alive]
        titles += [(i, title, weights[i]) for i, title in translated if i in weights]
        self._suggester = Suggester(
            chain(
                suggest.phrases_of_queries(queries),
                self._phrases_of_categories(categories),
                (Phrase(b, Kind.BRAND, 2.0 + n**0.25, b) for b, n in brands.items()),
                suggest.phrases_of_titles(titles),
            )
        )  # fmt: skip
        self._suggester_of = columns

    def _phrases_of_categories(self, counts: Mapping[str, int]) -> Iterator[Phrase]:
        """Each category by its own name and by those it has in other languages."""
        others = [self._store.labels.of(language) for language in self._store.labels.languages]
        for path, count in counts.items():
            own = path.rpartition(PATH)[2]
            for name in dict.fromkeys([own, *(labels.get(own, own) for labels in others)]):
                yield Phrase(name, Kind.CATEGORY, 2.0 + count**0.25, path)

    def _follow(self) -> None:
        """Wait for the database to say that something changed; look by ourselves now and then."""
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._database.url, autocommit=True) as conn:
                    conn.execute("listen product_changes")
                    conn.execute("listen merchandising")
                    self._hear_merchant()
                    while not self._stop.is_set():
                        self._store.refresh()
                        for notice in conn.notifies(timeout=POLL_SECONDS, stop_after=1):
                            if notice.channel == "merchandising":
                                self._hear_merchant()
                                self._wake.set()
            except (psycopg.Error, DatabaseError) as error:
                log.warning("search waits for the database: %s", error)
                self._stop.wait(POLL_SECONDS)
            except Exception:
                log.exception("search could not take in changes; it goes on with what it has")
                self._stop.wait(POLL_SECONDS)

    def _work(self) -> None:
        """Adopt versions, make vectors, rebuild vocabulary and suggestions."""
        next_at = float("-inf")
        while not self._stop.is_set():
            try:
                self._adopt()
                if time.monotonic() >= next_at:
                    begun = time.monotonic()
                    self._make_vocabulary()
                    with self._suggesting:
                        self._make_suggestions()
                    spent = time.monotonic() - begun
                    next_at = time.monotonic() + max(REBUILD_SECONDS, REST * spent)
                busy = self.meanings is not None and self.meanings.work(
                    encode=self._store.is_writer
                )
                if not busy:
                    self._wake.wait(POLL_SECONDS)
                    self._wake.clear()
            except (psycopg.Error, DatabaseError) as error:
                log.warning("search waits for the database: %s", error)
                self._stop.wait(POLL_SECONDS)
            except Exception:
                log.exception("search could not prepare what changed; it goes on with what it has")
                self._stop.wait(POLL_SECONDS)
