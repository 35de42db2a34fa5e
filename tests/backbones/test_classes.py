"""The names of ImageNet's classes."""

from headstart.backbones.classes import imagenet_classes


def test_there_are_a_thousand_in_wordnet_order():
    names = imagenet_classes()
    assert len(names) == 1000
    assert [name.id for name in names] == sorted({name.id for name in names})


def test_tiger_is_where_networks_expect_it():
    assert imagenet_classes()[292] == ("n02129604", "tiger")
