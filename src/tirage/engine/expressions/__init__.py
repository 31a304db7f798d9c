"""Expressions between double braces: text → a function of a row, without side effects and within limits."""
