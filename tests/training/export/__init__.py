"""Exported models are the models they were made of."""
