"""Messages of customer service as a chat shows them: with the products, the quotes and the proposals they rest on.

What is shown beside the words is read from the records when it is asked for: a price is the one of now, a proposal as
it stands now.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from pydantic import BaseModel, Field

from shopkeeper.face import Shop
from shopkeeper.pages import formats
from shopkeeper.pages.products import offer_of, picture_of, translation_of
from shopkeeper.shop import products
from shopkeeper.shop.records import Product, ProductId, ProductStatus
from shopkeeper.support import Proposal, ProposalState, SourceKind, cases, conversations, proposals
from shopkeeper.support.dialogue import store
from shopkeeper.support.dialogue.store import Message
from shopkeeper.support.outside import label

MAX_CARDS = 6


class Card(BaseModel):
    """A product. url: its page in the storefront; shop_url: where the shop itself sells it, empty if not known.

    price: the lowest, as people write it, empty if not known; from_price: there are higher ones. variant: the one that
    the words beside it offer to put into the cart, empty if none.
    """

    id: str
    title: str
    price: str
    from_price: bool
    before: str = Field(description="the price before a sale")
    picture: str
    url: str
    shop_url: str
    buyable: bool
    variant: str


class Quote(BaseModel):
    """A sentence, word for word, and where it stands. url: of the page, empty if it has none."""

    text: str
    title: str
    url: str


class Offered(BaseModel):
    """Something to be done if the customer says yes. waits: a yes or no to it counts now; sent with `about` it can be to
    nothing else."""

    id: str
    state: ProposalState
    summary: str
    notes: list[str] = Field(description="what cannot be taken back")
    waits: bool


class Kept(BaseModel):
    """A message. who: customer, agent or staff; author: the name that staff goes by. evidence: what it rests on, as
    kind:id. settled: what became of proposals that it tells of."""

    id: int = Field(description="grows within the conversation")
    at: datetime
    turn: int
    key: str = Field(description="under which the customer sent it")
    who: str
    author: str
    text: str
    evidence: list[str]
    products: list[Card]
    quotes: list[Quote]
    proposals: list[Offered]
    settled: dict[str, ProposalState]


class Transcript(BaseModel):
    """What was said, in order. with_a_person: a person answers, the agent is silent."""

    with_a_person: bool
    messages: list[Kept]


def transcript(
    shop: Shop, conversation_id: str, *, after: int = 0, turn: int | None = None
) -> Transcript:
    """What was said after the message with this id, and in this turn alone if one is named. Raises NotFound."""
    now = shop.support.clock()
    with shop.database.connection() as conn:
        at = conversations.get(conn, conversation_id, now)
        said = store.messages(conn, conversation_id, after=after, turn=turn)
        found = products.get_many(conn, {i for m in said for i in _named(m, "product")})
        known = {p.id: p for p in proposals.of_conversation(conn, conversation_id)}
        person = cases.current(conn, conversation_id) is not None
        kept = [_kept(m, found, known, turn=at.turn, language=at.language) for m in said]
    return Transcript(with_a_person=person, messages=kept)


def newest(shop: Shop, conversation_ids: Sequence[str]) -> dict[str, int]:
    """Id of the last message of each of these conversations."""
    with shop.database.reading() as conn:
        return store.newest(conn, conversation_ids)


def _named(message: Message, kind: str) -> list[str]:
    """Ids of this kind that a message rests on."""
    return [e.partition(":")[2] for e in message.evidence if e.startswith(f"{kind}:")]


def _kept(
    message: Message,
    found: Mapping[ProductId, Product],
    known: Mapping[str, Proposal],
    *,
    turn: int,
    language: str,
) -> Kept:
    told = [p for i in _named(message, "proposal") if (p := known.get(i))]
    here = [p for p in told if message.turn in (p.made_turn, p.asked_turn)]
    shown = [g for i in _named(message, "product") if (g := found.get(ProductId(i)))]
    offered, meant = _named(message, "cart"), _named(message, "variant")
    return Kept(
        id=message.id,
        at=message.at,
        turn=message.turn,
        key=message.key,
        who=message.who,
        author=message.author,
        text=message.text,
        evidence=list(message.evidence),
        products=[
            _card(g, language, offered, meant) for g in shown if g.status is ProductStatus.ACTIVE
        ][:MAX_CARDS],
        quotes=_quotes(message),
        proposals=[_offered(p, message, turn) for p in here],
        settled={p.id: p.state for p in told if p not in here},
    )


def _card(product: Product, language: str, offered: Sequence[str], meant: Sequence[str]) -> Card:
    """A product as it is now. offered: ids of variants that may go into the cart; meant: of those that words speak of: where
    that is one of the product's, it is the one that is shown."""
    spoken_of = [v for v in product.variants if v.id in meant]
    one = spoken_of[0] if len(spoken_of) == 1 else None
    offer = offer_of((one,) if one else product.variants)
    ids = (v.id for v in product.variants if v.id in offered and v.availability.buyable)
    variant = next(ids, "")
    shown = variant or (one.id if one else "")
    page = f"/products/{quote(product.id, safe='')}"
    return Card(
        id=product.id,
        title=label(translation_of(product, language).title),
        price=formats.money(offer.low, language) if offer.low else "",
        from_price=offer.high is not None,
        before=formats.money(offer.before, language) if offer.before else "",
        picture=picture_of(product, one),
        url=f"{page}?variant={quote(shown, safe='')}" if shown else page,
        shop_url=product.url if product.url.startswith("https://") else "",
        buyable=any(v.availability.buyable for v in product.variants),
        variant=variant,
    )


def _quotes(message: Message) -> list[Quote]:
    """The sentences of pages, rules and reviews; fields of products are shown with the product."""
    cited = (q for q in message.quotes if q.source.kind is not SourceKind.PRODUCT)
    return [Quote(text=q.text, title=q.source.title, url=q.source.url) for q in cited]


def _offered(proposal: Proposal, message: Message, turn: int) -> Offered:
    waits = proposal.state is ProposalState.OPEN and turn == message.turn == proposal.asked_turn
    return Offered(
        id=proposal.id,
        state=proposal.state,
        summary=proposal.shown.summary,
        notes=list(proposal.shown.notes),
        waits=waits,
    )
