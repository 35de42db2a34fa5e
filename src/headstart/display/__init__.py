"""Text, tables, fonts and colours as people see them: in a terminal, a notebook, an image."""
