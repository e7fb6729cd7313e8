"""What the merchant decides about search: synonyms, rules, and which version of search by meaning is in use."""

from typing import Annotated

from fastapi import APIRouter, Path

from shopkeeper import rules
from shopkeeper.api.problems import Invalid
from shopkeeper.api.shapes import (
    JobView,
    NewRule,
    NewSynonym,
    NewVersion,
    NowInUse,
    RuleList,
    RuleView,
    SynonymList,
    SynonymView,
    VersionList,
    VersionView,
)
from shopkeeper.api.views import ShopOf
from shopkeeper.jobs import meaning
from shopkeeper.models.embed import EMBEDDERS
from shopkeeper.search import synonyms, versions
from shopkeeper.search.synonyms import Synonym

router = APIRouter(tags=["search"])

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("/synonyms")
def list_synonyms(shop: ShopOf) -> SynonymList:
    """All synonyms."""
    with shop.database.connection() as conn:
        found = synonyms.listing(conn)
    return SynonymList(items=[SynonymView.of(number, synonym) for number, synonym in found])


@router.post("/synonyms", status_code=201)
def create_synonym(shop: ShopOf, wanted: NewSynonym) -> SynonymView:
    """Add synonyms. In force within a second."""
    synonym = _synonym(wanted)
    with shop.database.connection() as conn:
        return SynonymView.of(synonyms.save(conn, synonym), synonym)


@router.put("/synonyms/{synonym_id}")
def put_synonym(shop: ShopOf, synonym_id: Id, wanted: NewSynonym) -> SynonymView:
    """Put other synonyms in the place of these."""
    synonym = _synonym(wanted)
    with shop.database.connection() as conn:
        return SynonymView.of(synonyms.save(conn, synonym, synonym_id=synonym_id), synonym)


@router.delete("/synonyms/{synonym_id}", status_code=204)
def delete_synonym(shop: ShopOf, synonym_id: Id) -> None:
    """Take synonyms away."""
    with shop.database.connection() as conn:
        synonyms.delete(conn, synonym_id)


def _synonym(wanted: NewSynonym) -> Synonym:
    try:
        return Synonym(tuple(wanted.terms), wanted.one_way)
    except ValueError as error:
        raise Invalid("body.terms", str(error)) from error


@router.get("/rules")
def list_rules(shop: ShopOf) -> RuleList:
    """All rules, those that are not in force too."""
    with shop.database.connection() as conn:
        found = rules.listing(conn)
    return RuleList(items=[RuleView(id=n, rule=rule, active=active) for n, rule, active in found])


@router.post("/rules", status_code=201)
def create_rule(shop: ShopOf, wanted: NewRule) -> RuleView:
    """Add a rule. In force within a second."""
    with shop.database.connection() as conn:
        number = rules.save(conn, wanted.rule, active=wanted.active)
    return RuleView(id=number, rule=wanted.rule, active=wanted.active)


@router.put("/rules/{rule_id}")
def put_rule(shop: ShopOf, rule_id: Id, wanted: NewRule) -> RuleView:
    """Put another rule in the place of this one, or switch it on or off."""
    with shop.database.connection() as conn:
        rules.save(conn, wanted.rule, rule_id=rule_id, active=wanted.active)
    return RuleView(id=rule_id, rule=wanted.rule, active=wanted.active)


@router.delete("/rules/{rule_id}", status_code=204)
def delete_rule(shop: ShopOf, rule_id: Id) -> None:
    """Take a rule away."""
    with shop.database.connection() as conn:
        rules.delete(conn, rule_id)


@router.get("/search/versions")
def list_versions(shop: ShopOf) -> VersionList:
    """Versions of search by meaning, the newest first."""
    with shop.database.connection() as conn:
        return VersionList(items=[VersionView.of(v) for v in versions.listing(conn)])


@router.post("/search/versions", status_code=202)
def build_version(shop: ShopOf, wanted: NewVersion) -> JobView:
    """Build a version beside the one in use, compare both on stored queries, and switch if it is no worse.

    Asking for one that is being built answers with the job that does it.
    """
    if wanted.embedder not in EMBEDDERS:
        raise Invalid("body.embedder", f"is none of {', '.join(EMBEDDERS)}")
    job = meaning.build(shop.jobs, wanted.embedder, switch=wanted.switch)
    return JobView.of(shop.jobs.get(job))


@router.get("/search/versions/{version_id}")
def get_version(shop: ShopOf, version_id: Id) -> VersionView:
    """One version, with how it answered stored queries beside the one that was in use."""
    with shop.database.connection() as conn:
        return VersionView.of(versions.get(conn, version_id))


@router.post("/search/versions/{version_id}/switch")
def switch_version(shop: ShopOf, version_id: Id) -> NowInUse:
    """Put a finished version to use, at once."""
    with shop.database.connection() as conn:
        return NowInUse(version=VersionView.of(versions.switch(conn, version_id)))


@router.delete("/search/versions/{version_id}", status_code=204)
def delete_version(shop: ShopOf, version_id: Id) -> None:
    """Delete a version that is not in use, with its vectors."""
    with shop.database.connection() as conn:
        versions.discard(conn, version_id)


@router.post("/search/roll-back")
def roll_back(shop: ShopOf) -> NowInUse:
    """Go back to the version before the one in use; to words alone if there was none."""
    with shop.database.connection() as conn:
        before = versions.roll_back(conn)
    return NowInUse(version=None if before is None else VersionView.of(before))
