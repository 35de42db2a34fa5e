"""The version of headstart; the package's metadata takes it from here."""

__version__ = "0.2.0.dev0"
