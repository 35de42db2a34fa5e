"""The data check: one small class a check, and what it found."""
