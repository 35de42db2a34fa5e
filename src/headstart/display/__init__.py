"""Text and fonts as people see them: on a terminal, in a sheet, in a plot."""
