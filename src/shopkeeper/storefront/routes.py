"""All addresses of the storefront."""

from fastapi import APIRouter

from shopkeeper.storefront import buying, finding, home, product, suggesting, texts

router = APIRouter()
for part in (home, finding, suggesting, product, texts, buying):
    router.include_router(part.router)
