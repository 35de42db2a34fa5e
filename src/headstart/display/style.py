"""Colours and sizes that all sheets and figures share."""

INK, PALE, MAT, GRID = "#222222", "#6B6B6B", "#F0F0F0", "#E4E4E4"

# From the palette of Okabe and Ito: colour-blind people tell blue and vermilion apart.
BLUE, LIGHT_BLUE, VERMILION = "#0072B2", "#8EC5E8", "#D55E00"

# Pixels.
TEXT_SIZE, SMALL_SIZE, MARGIN = 14, 12, 18
