"""The values that properties are made of: colours, lengths, fills, strokes, shadows, filters, outlines, transforms."""
