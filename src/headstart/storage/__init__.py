"""Where files are kept; files and folders that are whole or absent, and whose a folder is."""
