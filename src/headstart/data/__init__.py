"""Datasets as people have them: layouts, tables and archives; their labels and their splits."""
