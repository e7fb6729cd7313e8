"""The JSON routes under /v1, one file a subject. Each parses, calls one function of the shop, and formats."""
