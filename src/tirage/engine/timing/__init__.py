"""Time that is left → numbers by unit, and the boxes, digits and labels that show them."""
