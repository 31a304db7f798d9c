"""Rows of cells → columns and rows with sizes, and what is painted of them."""
