"""What one turn may look at: the customer's orders and products, read once, and what the rules say to an action."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from shopkeeper.errors import NotFound, Refused
from shopkeeper.shop.records import Customer, Order, PaymentMethod, Product, ProductId, Variant
from shopkeeper.support import proposals
from shopkeeper.support.dialogue.lexicon import Lexicon
from shopkeeper.support.dialogue.records import Flow
from shopkeeper.support.dialogue.shelf import Shelf, shelf_of
from shopkeeper.support.dialogue.window import NoWindow, Window
from shopkeeper.support.facts import item_id
from shopkeeper.support.pieces import Piece, pieces
from shopkeeper.support.policy import Policy
from shopkeeper.support.records import Action, ActionKind, Decision, Level, Proposal
from shopkeeper.support.service import Conversation

KINDS: dict[Flow, tuple[ActionKind, ...]] = {
    Flow.CANCEL: (ActionKind.CANCEL,),
    Flow.RETURN: (ActionKind.RETURN,),
    Flow.SWAP: (ActionKind.CHANGE_ITEMS, ActionKind.EXCHANGE),
    Flow.ADDRESS: (ActionKind.CHANGE_ADDRESS,),
    Flow.PROFILE: (ActionKind.CHANGE_PROFILE_ADDRESS,),
    Flow.PAYMENT: (ActionKind.CHANGE_PAYMENT,),
    Flow.UNDO: (ActionKind.UNDO,),
}
"""What an order's status decides between: an item is changed before it is sent, and exchanged after it has arrived."""

FindsProducts = Callable[[str], Sequence[Product]]
"""Products of the catalogue that words may name, the best first."""


@dataclass(frozen=True, slots=True)
class Piece_:
    """A piece of an order, with the order."""

    order: Order
    piece: Piece

    @property
    def item(self) -> str:
        """What it is called in actions."""
        return item_id(self.piece.line)


@dataclass
class Desk:
    """The reading side of one turn. used: names of the tools of `support/tools.py` that do what was done here."""

    conversation: Conversation
    lexicon: Lexicon
    find_products: FindsProducts
    policy: Policy
    window: Window = field(default_factory=NoWindow)
    _orders: list[Order] | None = None
    _customer: Customer | None = None
    _products: dict[str, Product | None] = field(default_factory=dict)
    _decisions: dict[Action, Decision] = field(default_factory=dict)
    _shelf: Shelf | None = None
    _level: Level | None = None
    used: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """Read anew: something was changed, or somebody was identified."""
        self._orders = self._customer = self._shelf = self._level = None
        self._decisions.clear()

    @property
    def level(self) -> Level:
        """How sure the shop is who is asking."""
        if self._level is None:
            self._level = self.conversation.state.level
        return self._level

    @property
    def orders(self) -> list[Order]:
        """The customer's orders, the newest first; none as long as nobody is known."""
        if self._orders is None:
            reads = self.level >= max(Level.MATCHED, self.policy.access.orders)
            self._orders = self.conversation.orders() if reads else []
            self.used |= {"list_orders"} if reads else set()
        return self._orders

    @property
    def customer(self) -> Customer | None:
        """The customer's profile, None as long as it may not be seen."""
        if self._customer is None and self.level >= max(Level.MATCHED, self.policy.access.details):
            self._customer = self.conversation.customer()
            self.used.add("get_customer")
        return self._customer

    @property
    def methods(self) -> tuple[PaymentMethod, ...]:
        """How the customer can pay."""
        return self.customer.payment_methods if self.customer else ()

    @property
    def shelf(self) -> Shelf:
        """The products that the customer has ordered."""
        if self._shelf is None:
            titles: dict[str, list[str]] = {}
            for order in self.orders:
                for line in order.lines:
                    known = titles.setdefault(line.product_id, [])
                    if line.title and line.title not in known:
                        known.append(line.title)
            self._look_up(titles)
            for product_id, known in titles.items():
                product = self.product(product_id)
                if product:
                    known += [
                        t.title for t in product.translations.values() if t.title not in known
                    ]
            self._shelf = shelf_of(titles, self.lexicon)
        return self._shelf

    def catalogue(self, words: str) -> Shelf:
        """The products of the shop that these words may name."""
        titles = {}
        self.used.add("find_products")
        for product in self.find_products(words):
            self._products[product.id] = product
            titles[str(product.id)] = [
                product.title,
                *(t.title for t in product.translations.values()),
            ]
        return shelf_of(titles, self.lexicon)

    def order(self, order_id: str) -> Order | None:
        """One of the customer's orders."""
        return next((o for o in self.orders if o.id == order_id), None)

    def pieces(self) -> list[Piece_]:
        """Every piece that the customer has ordered."""
        return [Piece_(o, p) for o in self.orders for p in pieces(o)]

    def product(self, product_id: str) -> Product | None:
        """A product of the catalogue; None if the shop no longer has it."""
        if product_id not in self._products:
            self.used.add("get_product")
            try:
                self._products[product_id] = self.conversation.product(product_id).product
            except NotFound:
                self._products[product_id] = None
        return self._products[product_id]

    def _look_up(self, product_ids: Iterable[str]) -> None:
        """Read so many products at once."""
        new = [i for i in product_ids if i not in self._products]
        if new:
            found = self.conversation.products(new)
            self._products |= {i: found.get(ProductId(i)) for i in new}
            self.used.add("get_product")

    def variant(self, piece: Piece) -> Variant | None:
        """The variant of a piece, as the catalogue has it today."""
        product = self.product(piece.line.product_id)
        return (
            next((v for v in product.variants if v.id == piece.line.variant_id), None)
            if product
            else None
        )

    def variant_by_id(self, variant_id: str) -> Variant | None:
        """A variant of a product that was looked at in this turn, or that its number finds."""
        for product in self._products.values():
            found = (
                next((v for v in product.variants if v.id == variant_id), None) if product else None
            )
            if found is not None:
                return found
        named = self.by_code(variant_id)
        return named[1] if named else None

    def by_code(self, code: str) -> tuple[Product, Variant | None] | None:
        """What an item number names."""
        try:
            found = self.conversation.product(code)
        except (NotFound, Refused):
            return None
        self._products[found.product.id] = found.product
        return found.product, found.variant

    def proposals(self, ids: Sequence[str]) -> list[Proposal]:
        """Proposals of this conversation, in this order."""
        talk = self.conversation
        with talk.support.database.connection() as conn:
            return [proposals.get(conn, talk.id, i) for i in ids]

    def explain(self, action: Action) -> Decision:
        """What the rules say to an action as far as it is known."""
        if action not in self._decisions:
            self.used.add("explain")
            self._decisions[action] = self.conversation.explain(action)
        return self._decisions[action]

    def kind_for(self, flow: Flow, order: Order) -> tuple[ActionKind | None, Decision]:
        """The action that a flow is for this order, None if the rules allow none; and what they say."""
        decisions = []
        for kind in KINDS[flow]:
            decision = self.explain(Action(kind, order_id=order.id))
            if decision.possible is not False:
                return kind, decision
            decisions.append(decision)
        return None, min(decisions, key=lambda d: len(d.broken))
