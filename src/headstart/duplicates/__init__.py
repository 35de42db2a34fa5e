"""Which images are the same: exact copies, equal pixels, near duplicates, and their groups."""
