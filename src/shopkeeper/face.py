"""The Python face: one object for one shop.

    with Shop.open("my-shop") as shop:
        report = shop.import_file("catalogue.csv")
        for hit in shop.find("blue shirt", filters={"Color": ("blue",)}).hits:
            print(shop.product(hit.product_id).title)

The other faces (command line, HTTP, pages) are built on it.
"""

import shutil
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from shopkeeper.artifacts import Artifact
from shopkeeper.errors import ModelError
from shopkeeper.jobs import Jobs
from shopkeeper.jobs import schema as queue_schema
from shopkeeper.jobs.meaning import wanted_embedder
from shopkeeper.models.embed import Embedder, load_embedder
from shopkeeper.models.explaining import Explainer
from shopkeeper.models.routing import LanguageModels
from shopkeeper.recommend import Recommendations
from shopkeeper.recommend.learning import learn
from shopkeeper.search import ProductSearch, SearchRequest, SearchResponse, Sort, shelves
from shopkeeper.search.suggest import Suggestion
from shopkeeper.settings import Settings, load_settings
from shopkeeper.shop import backup as backups
from shopkeeper.shop import demo, feeds, products
from shopkeeper.shop.backup_file import Manifest
from shopkeeper.shop.database import Database, open_database
from shopkeeper.shop.feeds import ImportReport, Progress
from shopkeeper.shop.folder import serve_lock
from shopkeeper.shop.records import Product, ProductId
from shopkeeper.shop.secret import secret_of
from shopkeeper.support import Answers, Conversation, MailFolder, Support, use_demo
from shopkeeper.support.dialogue import (
    Agent,
    Answered,
    AnswersQuestions,
    ByChoice,
    ByExamples,
    ByModel,
    ByRules,
    Evidence,
    Patience,
    Rephraser,
    Understands,
)
from shopkeeper.support.dialogue.window import Beside, ShelfName
from shopkeeper.support.inbox import Inbox, Teaching

ANSWERED_FROM = (
    12  # products that a search finds, among which the one a question names is looked for
)


class Shop:
    """One shop: its settings, its database and its jobs. Open it with `Shop.open`, in a `with` statement."""

    def __init__(self, settings: Settings, database: Database, *, demo: bool = False) -> None:
        self.settings = settings
        self.database = database
        self.demo = demo
        self._opened_search: ProductSearch | None = None
        self._opened_recommend: Recommendations | None = None
        self._opened_answers: Answers | None = None
        self._opened_examples: ByExamples | None = None
        self._opened_jobs: Jobs | None = None
        self._opened_models: LanguageModels | None = None
        self._opened_explainer: Explainer | None = None

    @classmethod
    def open(
        cls,
        data_folder: str | Path | None = None,
        *,
        database_url: str | None = None,
        settings: Settings | None = None,
        demo: bool = False,
    ) -> Self:
        """The shop in this folder or database, made if it is not there.

        Without arguments: what the environment or `shopkeeper.toml` says. demo: a server on the loopback interface
        asks for no key. Raises SettingsError, DatabaseError, MigrationError.
        """
        if settings is None:
            settings = load_settings(data_folder=data_folder, database_url=database_url)
        database = open_database(settings)
        try:
            with database.connection() as conn:
                queue_schema.apply(conn)
        except BaseException:
            database.close()
            raise
        return cls(settings, database, demo=demo)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs in the background and leave the database."""
        self.stop()
        self.database.close()

    def stop(self) -> None:
        """Stop what runs in the background; the database stays open, for whoever else works with it."""
        if self._opened_jobs is not None:
            self._opened_jobs.close()
        if self._opened_answers is not None:
            self._opened_answers.close()
        if self._opened_examples is not None:
            self._opened_examples.close()
        if self._opened_recommend is not None:
            self._opened_recommend.close()
        if self._opened_search is not None:
            self._opened_search.close()
        self.close_models()

    def close_models(self) -> None:
        """Stop the language models: what asks them is told that they are not there any more."""
        if self._opened_models is not None:
            self._opened_models.close()
        if self._opened_explainer is not None:
            self._opened_explainer.close()

    @cached_property
    def search(self) -> ProductSearch:
        """The search engine over the catalogue; opened, and built if need be, when first asked for."""
        folder = self.settings.data_folder / "index"
        cache = self.settings.cache_folder
        self._opened_search = ProductSearch.open(
            self.database, folder, embedders=lambda name: load_embedder(name, cache)
        )
        return self._opened_search

    @cached_property
    def recommend(self) -> Recommendations:
        """What visitors may want next, and why."""
        self._opened_recommend = Recommendations(
            self.database,
            find=lambda selection: self.search.chosen(selection),
            folder=self.settings.data_folder,
            secret=secret_of(self.settings.data_folder),
        )
        return self._opened_recommend

    @cached_property
    def jobs(self) -> Jobs:
        """What runs in the background."""
        self._opened_jobs = Jobs(self.database)
        return self._opened_jobs

    @cached_property
    def models(self) -> LanguageModels:
        """The language models; each is opened when it is first asked."""
        self._opened_models = LanguageModels(self.settings, self.database)
        return self._opened_models

    @cached_property
    def explainer(self) -> Explainer:
        """Models looked into: attention, and what they expect next (extra `train`)."""
        self._opened_explainer = Explainer(self.settings)
        return self._opened_explainer

    @cached_property
    def support(self) -> Support:
        """The service desk: who is asking, what the rules allow, and writes that the customer agreed to."""
        folder = self.settings.data_folder
        return Support(
            self.database,
            secret_of(folder),
            MailFolder(folder / "mail"),
            shop_name=self.settings.shop_name,
        )

    @cached_property
    def answers(self) -> Answers:
        """Answers to questions from pages, rules, product fields and reviews, with what they rest on."""
        self._opened_answers = Answers(
            self.support, self.found_products, embedder=self._meaning(), patient=False
        )
        return self._opened_answers

    @cached_property
    def agent(self) -> Agent:
        """Speaks with customers: a message in, a reply out that rests on records, rules and pages."""
        how, words = self.settings.support_understanding, self.settings.support_rewording
        model = self.models.route("support") if how != "rules" or words else None
        embedder = self.answers.embedder
        rules: Understands = ByRules() if embedder is None else self._by_examples(embedder)
        understands: tuple[Understands, ...] = (rules,)
        patience = Patience()  # of one model, whatever it is asked for
        if model is not None and how != "rules":
            kind = ByChoice if how == "small" else ByModel
            understands = (kind(model, patience=patience, rules=rules), rules)
        return Agent(
            self.support,
            self.found_products,
            _knowing(self.answers),
            understands,
            Rephraser(model, patience=patience) if model is not None and words else None,
            window=self,
        )

    def _by_examples(self, embedder: Embedder) -> ByExamples:
        self._opened_examples = ByExamples(embedder, patient=False)
        return self._opened_examples

    @cached_property
    def inbox(self) -> Inbox:
        """Conversations that people answer."""
        return Inbox(self.support, lambda: self.agent)

    @cached_property
    def teaching(self) -> Teaching:
        """What the agent could not answer, and the answers that people write."""
        return Teaching(self.support, self.answers)

    def found_products(self, words: str) -> list[Product]:
        """The products that a search for these words shows first."""
        hits = self.find(words, limit=ANSWERED_FROM).hits
        with self.database.connection() as conn:
            return list(products.get_many(conn, [hit.product_id for hit in hits]).values())

    def shelf(self, name: ShelfName) -> list[Product]:
        """Various products of a shelf that everybody is shown: what is popular, reduced, new or rated best."""
        orders = {"newest": Sort.NEWEST, "best_rated": Sort.RATING}
        in_order = shelves.first_by(self.search, self.settings.language, orders[name]) if name in orders else []  # fmt: skip
        with self.database.connection() as conn:
            if name == "popular":
                in_order = shelves.popular(conn)
            elif name == "reduced":
                in_order = shelves.reduced(conn)
            chosen = shelves.varied(conn, in_order, rated=name == "best_rated")
            return list(products.get_many(conn, chosen).values())

    def beside(self, product_id: ProductId, key: Beside) -> list[Product]:
        """Products that go with this one, or are like it, as its page shows them."""
        ask = self.recommend.bought_together if key == "goes_with" else self.recommend.similar
        found = ask(product_id, limit=shelves.SHELF).items
        with self.database.connection() as conn:
            return list(products.get_many(conn, [i.product_id for i in found]).values())

    def _meaning(self) -> Embedder | None:
        """The embedder that the settings want, if its files are here."""
        name = wanted_embedder(self.settings)
        try:
            return None if name is None else load_embedder(name, self.settings.cache_folder)
        except ModelError:
            return None

    def train_recommender(
        self, *, switch: bool = True, on_step: Callable[[int, int, str], None] | None = None
    ) -> Artifact:
        """Learn from all that people did, measure it beside what is in use, and switch if it is no worse. Raises Refused."""
        return learn(self.database, self.settings.data_folder, switch=switch, on_step=on_step)

    def find(
        self,
        query: str = "",
        *,
        filters: Mapping[str, tuple[str, ...]] | None = None,
        category: tuple[str, ...] = (),
        price_min: Decimal | None = None,
        price_max: Decimal | None = None,
        limit: int = 24,
        **more: Any,
    ) -> SearchResponse:
        """Products that match the words and filters, the best first. `more`: other fields of SearchRequest."""
        self.search.refresh()
        return self.search.search(
            SearchRequest(
                query=query,
                filters=filters or {},
                category=category,
                price_min=price_min,
                price_max=price_max,
                limit=limit,
                **more,
            )
        )

    def suggest(self, typed: str, *, limit: int = 8, products: int = 3) -> list[Suggestion]:
        """What somebody who has typed this may want, the likeliest first: words, categories, brands, products."""
        self.search.refresh()
        return self.search.suggest(typed, limit=limit, products=products)

    def product(self, product_id: str) -> Product:
        """The product with this id. Raises NotFound."""
        with self.database.connection() as conn:
            return products.get(conn, product_id)

    def import_file(
        self,
        path: str | Path,
        kind: str = "products",
        *,
        format: str | None = None,
        mapping: Mapping[str, str] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> ImportReport:
        """Take a file into the shop. Bad rows are kept aside with their reasons; see the report. Raises FeedError."""
        return feeds.run_import(
            self.database,
            Path(path),
            kind=kind,
            format=format,
            mapping=mapping,
            currency=self.settings.currency,
            language=self.settings.language,
            on_progress=on_progress,
        )

    def export(self, out: BinaryIO, kind: str = "products", *, format: str = "jsonl") -> int:
        """Write all records of a kind to an open binary file. Returns how many."""
        return feeds.write(self.database, kind, format, out)

    def backup(
        self, path: str | Path, *, on_progress: backups.OnProgress | None = None
    ) -> Manifest:
        """Write the whole shop, as it is at this moment, to one file. Raises ArtifactError, DatabaseError."""
        return backups.save(self.database, Path(path), on_progress=on_progress)

    @classmethod
    def restore(
        cls,
        path: str | Path,
        data_folder: str | Path | None = None,
        *,
        database_url: str | None = None,
        settings: Settings | None = None,
        on_progress: backups.OnProgress | None = None,
    ) -> Manifest:
        """Fill the empty shop in this folder or database from a backup; then open it.

        Raises ArtifactError if the file is damaged, MigrationError if it is newer than this program, DatabaseError if
        the shop is not empty, FolderInUse if it is being served; then nothing was changed.
        """
        if settings is None:
            settings = load_settings(data_folder=data_folder, database_url=database_url)
        backups.verify(Path(path))  # before a folder is made for it
        with serve_lock(settings.data_folder):
            database = open_database(settings, migrated=False)
            try:
                manifest = backups.restore(database, Path(path), on_progress=on_progress)
            finally:
                database.close()
            shutil.rmtree(settings.data_folder / "index", ignore_errors=True)  # of what was here
        return manifest

    def build_demo(self, **how: Any) -> None:
        """Fill an empty shop with the demo shop's records."""
        demo.build(self.database, **how)
        with self.database.connection() as conn:
            use_demo(conn)


def _knowing(answers: Answers) -> AnswersQuestions:
    """The shop's answers, as the agent asks for them."""

    def answer(
        talk: Conversation, question: str, language: str, before: str = ""
    ) -> Answered | None:
        found = answers.answer(question, language=language, before=before)
        if not found.known:
            return None
        parts = (e.partition(":") for e in found.evidence)
        evidence = tuple(Evidence(kind, id_) for kind, _, id_ in parts)
        return Answered(found.text, evidence, found.quotes, found.common, found.own)

    return answer
