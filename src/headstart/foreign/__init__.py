"""Networks in files of other programs: what is in them, and their conversion."""
