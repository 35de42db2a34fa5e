"""Colours and sizes that all sheets and figures share."""

INK, PALE, MAT = "#222222", "#6B6B6B", "#F0F0F0"

# Pixels.
TEXT_SIZE, SMALL_SIZE, MARGIN = 14, 12, 18
