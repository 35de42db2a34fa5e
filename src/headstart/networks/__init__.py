"""Converted networks: OpenVINO graphs on disk, how they are checked, changed and kept."""
