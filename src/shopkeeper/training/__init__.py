"""Language models in the making."""
