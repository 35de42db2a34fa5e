import importlib.metadata

from headstart.model.versions import versions


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    found = importlib.metadata.version

    def version(name):
        if name == "keras":
            raise importlib.metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert "keras" not in versions()
    assert versions()["numpy"] == found("numpy")
