import pytest

from headstart.pretraining.saving import plain_name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("animal-net", "animal-net"),
        ("my net (2)", "my-net-2"),
        ("Käfer v1.0", "K-fer-v1.0"),
        (".hidden", "hidden"),
        ("鳥", "backbone"),
        ("x" * 200, "x" * 60),
    ],
)
def test_any_folder_gives_a_backbone_a_plain_name(folder, name):
    assert plain_name(folder) == name
