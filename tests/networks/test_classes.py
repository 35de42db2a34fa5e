"""The classes of ImageNet."""

from headstart.networks.classes import imagenet_classes


def test_imagenet_has_a_thousand_classes_in_wordnet_order():
    names = imagenet_classes()
    assert len(names) == 1000
    assert [name.id for name in names] == sorted({name.id for name in names})


def test_tiger_has_the_index_that_networks_use():
    assert imagenet_classes()[292] == ("n02129604", "tiger")
