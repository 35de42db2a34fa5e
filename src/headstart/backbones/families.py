"""Families of networks: the facts that their members share."""

from dataclasses import dataclass

from headstart.backbones.preprocessing import (
    CENTRED_BGR,
    INSIDE,
    MINUS_ONE_TO_ONE,
    STANDARDISED,
    Preprocessing,
)

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The facts that each member of a family shares; see `Backbone`.

    Attributes
    ----------
    weights : str
        The address of the folder with the official files.
    license : str
        Licence of the weights, as Keras's documentation and the authors' releases state it.
    """

    name: str
    preprocessing: Preprocessing
    weights: str
    license: str
    source: str
    min_size: int = 32


VGG = Family(
    name="vgg",
    preprocessing=CENTRED_BGR,
    weights=KERAS,
    license="CC-BY-4.0",
    source="Simonyan and Zisserman 2014, arXiv:1409.1556",
)
INCEPTION_V3 = Family(
    name="inception_v3",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "inception_v3/",
    license="Apache-2.0",
    source="Szegedy et al. 2015, arXiv:1512.00567",
    min_size=75,
)
INCEPTION_RESNET_V2 = Family(
    name="inception_resnet_v2",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "inception_resnet_v2/",
    license="Apache-2.0",
    source="Szegedy et al. 2016, arXiv:1602.07261",
    min_size=75,
)
RESNET = Family(
    name="resnet",
    preprocessing=CENTRED_BGR,
    weights=KERAS + "resnet/",
    license="MIT",
    source="He et al. 2015, arXiv:1512.03385",
)
RESNET_V2 = Family(
    name="resnet_v2",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "resnet/",
    license="BSD",
    source="He et al. 2016, arXiv:1603.05027",
)
EFFICIENTNET = Family(
    name="efficientnet",
    preprocessing=INSIDE,
    weights="https://storage.googleapis.com/keras-applications/",
    license="Apache-2.0",
    source="Tan and Le 2019, arXiv:1905.11946",
)
EFFICIENTNET_V2 = Family(
    name="efficientnet_v2",
    preprocessing=INSIDE,
    weights=KERAS + "efficientnet_v2/",
    license="Apache-2.0",
    source="Tan and Le 2021, arXiv:2104.00298",
)
MOBILENET = Family(
    name="mobilenet",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "mobilenet/",
    license="Apache-2.0",
    source="Howard et al. 2017, arXiv:1704.04861",
)
MOBILENET_V2 = Family(
    name="mobilenet_v2",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "mobilenet_v2/",
    license="Apache-2.0",
    source="Sandler et al. 2018, arXiv:1801.04381",
)
MOBILENET_V3 = Family(
    name="mobilenet_v3",
    preprocessing=INSIDE,
    weights=KERAS + "mobilenet_v3/",
    license="Apache-2.0",
    source="Howard et al. 2019, arXiv:1905.02244",
)
DENSENET = Family(
    name="densenet",
    preprocessing=STANDARDISED,
    weights=KERAS + "densenet/",
    license="BSD-3-Clause",
    source="Huang et al. 2016, arXiv:1608.06993",
)
XCEPTION = Family(
    name="xception",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "xception/",
    license="MIT",
    source="Chollet 2016, arXiv:1610.02357",
    min_size=71,
)
NASNET = Family(
    name="nasnet",
    preprocessing=MINUS_ONE_TO_ONE,
    weights=KERAS + "nasnet/",
    license="Apache-2.0",
    source="Zoph et al. 2017, arXiv:1707.07012",
)
CONVNEXT = Family(
    name="convnext",
    preprocessing=INSIDE,
    weights=KERAS + "convnext/",
    license="MIT",
    source="Liu et al. 2022, arXiv:2201.03545",
)
