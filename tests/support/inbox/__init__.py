"""Customer service by people."""
