"""Meters: a share of a whole → arcs, ticks, bars and rows of figures."""
