"""Language models and other fetched files in use."""
