"""Families of networks: the facts that their members share."""

from dataclasses import dataclass

from headstart.backbones.preprocessing import (
    CENTRED_BGR,
    INSIDE,
    MINUS_ONE_TO_ONE,
    STANDARDISED,
    Preprocessing,
)

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True, slots=True)
class Family:
    """The facts that each member of a family shares; see `Backbone`.

    Attributes
    ----------
    license : str
        Licence of the weights, as Keras's documentation and the authors' releases state it.
    address : str
        Address of the folder with the official files, below Keras's usual one if it is relative.
    """

    name: str
    preprocessing: Preprocessing
    license: str
    source: str
    address: str
    min_size: int = 32

    @property
    def weights(self) -> str:
        """Address of the folder with the official files."""
        return self.address if "://" in self.address else _KERAS + self.address


# fmt: off
_FAMILIES = (
    Family("vgg", CENTRED_BGR, "CC-BY-4.0",
           "Simonyan and Zisserman 2014, arXiv:1409.1556", ""),
    Family("inception_v3", MINUS_ONE_TO_ONE, "Apache-2.0",
           "Szegedy et al. 2015, arXiv:1512.00567", "inception_v3/", min_size=75),
    Family("inception_resnet_v2", MINUS_ONE_TO_ONE, "Apache-2.0",
           "Szegedy et al. 2016, arXiv:1602.07261", "inception_resnet_v2/", min_size=75),
    Family("resnet", CENTRED_BGR, "MIT",
           "He et al. 2015, arXiv:1512.03385", "resnet/"),
    Family("resnet_v2", MINUS_ONE_TO_ONE, "BSD",
           "He et al. 2016, arXiv:1603.05027", "resnet/"),
    Family("efficientnet", INSIDE, "Apache-2.0",
           "Tan and Le 2019, arXiv:1905.11946", "https://storage.googleapis.com/keras-applications/"),
    Family("efficientnet_v2", INSIDE, "Apache-2.0",
           "Tan and Le 2021, arXiv:2104.00298", "efficientnet_v2/"),
    Family("mobilenet", MINUS_ONE_TO_ONE, "Apache-2.0",
           "Howard et al. 2017, arXiv:1704.04861", "mobilenet/"),
    Family("mobilenet_v2", MINUS_ONE_TO_ONE, "Apache-2.0",
           "Sandler et al. 2018, arXiv:1801.04381", "mobilenet_v2/"),
    Family("mobilenet_v3", INSIDE, "Apache-2.0",
           "Howard et al. 2019, arXiv:1905.02244", "mobilenet_v3/"),
    Family("densenet", STANDARDISED, "BSD-3-Clause",
           "Huang et al. 2016, arXiv:1608.06993", "densenet/"),
    Family("xception", MINUS_ONE_TO_ONE, "MIT",
           "Chollet 2016, arXiv:1610.02357", "xception/", min_size=71),
    Family("nasnet", MINUS_ONE_TO_ONE, "Apache-2.0",
           "Zoph et al. 2017, arXiv:1707.07012", "nasnet/"),
    Family("convnext", INSIDE, "MIT",
           "Liu et al. 2022, arXiv:2201.03545", "convnext/"),
)
# fmt: on

#: By name.
FAMILIES = {family.name: family for family in _FAMILIES}
