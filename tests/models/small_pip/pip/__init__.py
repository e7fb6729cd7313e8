"""A pip that knows one folder."""
