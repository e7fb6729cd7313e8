"""Compressed models are smaller, and close to what they were."""
