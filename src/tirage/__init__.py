"""Tirage makes large batches of personalized pictures from templates."""

__version__ = "0.1.0"
