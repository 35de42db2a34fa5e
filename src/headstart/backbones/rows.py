"""The catalogue's rows.

Addresses, file names and hashes come from the source of ``keras.applications`` (Keras 3.15).
Accuracies are those on the validation images of ImageNet-1k in the table of Keras's documentation;
for MobileNetV3, in its docstring. Keras publishes no top-5 accuracy for ConvNeXt and MobileNetV3,
and no hash for MobileNet and MobileNetV2. Parameters and multiply-accumulates are counted.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from headstart.backbones.row import Backbone, OfficialWeights
from headstart.networks.preprocessing import (
    CENTRED_BGR,
    INSIDE,
    MINUS_ONE_TO_ONE,
    STANDARDISED,
    Preprocessing,
)

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True, slots=True)
class Family:
    """The facts that the networks of a family share; see `Backbone`.

    Attributes
    ----------
    license : str
        Licence of the weights, as Keras's documentation and the authors' releases state it.
    files : str
        Address of the official files, below Keras's usual one if it is relative. ``{family}``
        stands for the family's name, ``{file}`` for what a row calls them, ``{top}`` for nothing or
        for `without_top`.
    without_top : str
        What the name of a file without the classifier has more.
    kept_in_snake_case : bool
        Whether Keras's cache has the names of the files in snake case.
    """

    name: str
    preprocessing: Preprocessing
    license: str
    source: str
    files: str = "{family}/{file}_weights_tf_dim_ordering_tf_kernels{top}.h5"
    without_top: str = "_notop"
    min_size: int = 32
    kept_in_snake_case: bool = False

    def row(
        self,
        name: str,
        builder: str,
        size: int,
        *,
        hashes: tuple[str | None, str | None],
        file: str | None = None,
        **facts: Any,
    ) -> Backbone:
        """Return the row of one network.

        Parameters
        ----------
        name, builder : str
        size : int
            Height and width.
        hashes : tuple of (str or None)
            Of the weights with and without the classifier.
        file : str, optional
            What the names of the files call the network, if not by `name`.
        **facts
            What else the row has; see `Backbone`.
        """
        return Backbone(
            name=name,
            family=self.name,
            builder=builder,
            size=(size, size),
            min_size=self.min_size,
            preprocessing=self.preprocessing,
            weights=self._official(file or name, "", hashes[0]),
            weights_without_top=self._official(file or name, self.without_top, hashes[1]),
            license=self.license,
            source=self.source,
            **facts,
        )

    def _official(self, file: str, top: str, digest: str | None) -> OfficialWeights:
        url = urljoin(_KERAS, self.files.format(family=self.name, file=file, top=top))
        kept_as = url.rpartition("/")[2]
        if self.kept_in_snake_case:
            kept_as = kept_as.lower().replace("-", "_")
        return OfficialWeights(url, kept_as, digest)


# Lines broken by hand read better here than one argument on each line.
# fmt: off
_VGG = Family("vgg", CENTRED_BGR, "CC-BY-4.0", "Simonyan and Zisserman 2014, arXiv:1409.1556",
    files="{file}/{file}_weights_tf_dim_ordering_tf_kernels{top}.h5")
_INCEPTION_V3 = Family("inception_v3", MINUS_ONE_TO_ONE, "Apache-2.0",
    "Szegedy et al. 2015, arXiv:1512.00567", min_size=75)
_INCEPTION_RESNET_V2 = Family("inception_resnet_v2", MINUS_ONE_TO_ONE, "Apache-2.0",
    "Szegedy et al. 2016, arXiv:1602.07261", min_size=75)
_RESNET = Family("resnet", CENTRED_BGR, "MIT", "He et al. 2015, arXiv:1512.03385")
_RESNET_V2 = Family("resnet_v2", MINUS_ONE_TO_ONE, "BSD", "He et al. 2016, arXiv:1603.05027",
    files="resnet/{file}_weights_tf_dim_ordering_tf_kernels{top}.h5")
_EFFICIENTNET = Family("efficientnet", INSIDE, "Apache-2.0", "Tan and Le 2019, arXiv:1905.11946",
    files="https://storage.googleapis.com/keras-applications/efficientnet{file}{top}.h5")
_EFFICIENTNET_V2 = Family("efficientnet_v2", INSIDE, "Apache-2.0",
    "Tan and Le 2021, arXiv:2104.00298", files="{family}/efficientnetv2-{file}{top}.h5")
_MOBILENET = Family("mobilenet", MINUS_ONE_TO_ONE, "Apache-2.0",
    "Howard et al. 2017, arXiv:1704.04861", files="{family}/{file}_1_0_224_tf{top}.h5",
    without_top="_no_top")
_MOBILENET_V2 = Family("mobilenet_v2", MINUS_ONE_TO_ONE, "Apache-2.0",
    "Sandler et al. 2018, arXiv:1801.04381",
    files="{family}/{file}_weights_tf_dim_ordering_tf_kernels_1.0_224{top}.h5",
    without_top="_no_top")
_MOBILENET_V3 = Family("mobilenet_v3", INSIDE, "Apache-2.0", "Howard et al. 2019, arXiv:1905.02244",
    files="{family}/weights_{file}_224_1.0_float{top}.h5", without_top="_no_top_v2")
_DENSENET = Family("densenet", STANDARDISED, "BSD-3-Clause", "Huang et al. 2016, arXiv:1608.06993")
_XCEPTION = Family("xception", MINUS_ONE_TO_ONE, "MIT", "Chollet 2016, arXiv:1610.02357",
    min_size=71)
_NASNET = Family("nasnet", MINUS_ONE_TO_ONE, "Apache-2.0", "Zoph et al. 2017, arXiv:1707.07012",
    files="{family}/{file}{top}.h5", without_top="-no-top", kept_in_snake_case=True)
_CONVNEXT = Family("convnext", INSIDE, "MIT", "Liu et al. 2022, arXiv:2201.03545",
    files="{family}/{file}{top}.h5")

# One row is one network.
ROWS = (
    _VGG.row("vgg16", "VGG16", 224, n_features=512,
        parameters=138_357_544, macs=15_470_264_320, top1=0.713, top5=0.901,
        hashes=("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc")),
    _VGG.row("vgg19", "VGG19", 224, n_features=512,
        parameters=143_667_240, macs=19_632_062_464, top1=0.713, top5=0.9,
        hashes=("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6")),
    _INCEPTION_V3.row("inception_v3", "InceptionV3", 299, n_features=2048,
        parameters=23_851_784, macs=5_713_216_096, top1=0.779, top5=0.937,
        hashes=("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63")),
    _INCEPTION_RESNET_V2.row("inception_resnet_v2", "InceptionResNetV2", 299, n_features=1536,
        parameters=55_873_736, macs=13_155_794_016, top1=0.803, top5=0.953,
        hashes=("e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4")),
    _RESNET.row("resnet50", "ResNet50", 224, n_features=2048,
        parameters=25_636_712, macs=3_857_973_248, top1=0.749, top5=0.921,
        hashes=("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626")),
    _RESNET.row("resnet101", "ResNet101", 224, n_features=2048,
        parameters=44_707_176, macs=7_570_194_432, top1=0.764, top5=0.928,
        hashes=("f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21")),
    _RESNET.row("resnet152", "ResNet152", 224, n_features=2048,
        parameters=60_419_944, macs=11_282_415_616, top1=0.766, top5=0.931,
        hashes=("100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c")),
    _RESNET_V2.row("resnet50_v2", "ResNet50V2", 224, n_features=2048, file="resnet50v2",
        parameters=25_613_800, macs=3_482_255_360, top1=0.76, top5=0.93,
        hashes=("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917")),
    _RESNET_V2.row("resnet101_v2", "ResNet101V2", 224, n_features=2048, file="resnet101v2",
        parameters=44_675_560, macs=7_194_476_544, top1=0.772, top5=0.938,
        hashes=("6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5")),
    _RESNET_V2.row("resnet152_v2", "ResNet152V2", 224, n_features=2048, file="resnet152v2",
        parameters=60_380_648, macs=10_906_697_728, top1=0.78, top5=0.942,
        hashes=("a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33")),
    _EFFICIENTNET.row("efficientnet_b0", "EfficientNetB0", 224, n_features=1280, file="b0",
        parameters=5_330_571, macs=385_814_752, top1=0.771, top5=0.933,
        hashes=("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d")),
    _EFFICIENTNET.row("efficientnet_b1", "EfficientNetB1", 240, n_features=1280, file="b1",
        parameters=7_856_239, macs=686_802_832, top1=0.791, top5=0.944, crop_fraction=0.882,
        hashes=("1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432")),
    _EFFICIENTNET.row("efficientnet_b2", "EfficientNetB2", 260, n_features=1408, file="b2",
        parameters=9_177_569, macs=993_561_872, top1=0.801, top5=0.949, crop_fraction=0.89,
        hashes=("b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39")),
    _EFFICIENTNET.row("efficientnet_b3", "EfficientNetB3", 300, n_features=1536, file="b3",
        parameters=12_320_535, macs=1_827_141_392, top1=0.816, top5=0.957, crop_fraction=0.904,
        hashes=("ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226")),
    _EFFICIENTNET.row("efficientnet_b4", "EfficientNetB4", 380, n_features=1792, file="b4",
        parameters=19_466_823, macs=4_393_771_024, top1=0.829, top5=0.964, crop_fraction=0.922,
        hashes=("18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba")),
    _EFFICIENTNET.row("efficientnet_b5", "EfficientNetB5", 456, n_features=2048, file="b5",
        parameters=30_562_527, macs=10_266_384_752, top1=0.836, top5=0.967, crop_fraction=0.934,
        hashes=("ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f")),
    _EFFICIENTNET.row("efficientnet_b6", "EfficientNetB6", 528, n_features=2304, file="b6",
        parameters=43_265_143, macs=19_067_593_536, top1=0.84, top5=0.968, crop_fraction=0.943,
        hashes=("165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743")),
    _EFFICIENTNET.row("efficientnet_b7", "EfficientNetB7", 600, n_features=2560, file="b7",
        parameters=66_658_687, macs=37_745_884_192, top1=0.843, top5=0.97, crop_fraction=0.949,
        hashes=("8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a")),
    _EFFICIENTNET_V2.row("efficientnet_v2_b0", "EfficientNetV2B0", 224, n_features=1280, file="b0",
        parameters=7_200_312, macs=718_086_176, top1=0.787, top5=0.943,
        hashes=("21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff")),
    _EFFICIENTNET_V2.row("efficientnet_v2_b1", "EfficientNetV2B1", 240, n_features=1280, file="b1",
        parameters=8_212_124, macs=1_196_819_360, top1=0.798, top5=0.95, crop_fraction=0.882,
        hashes=("069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37")),
    _EFFICIENTNET_V2.row("efficientnet_v2_b2", "EfficientNetV2B2", 260, n_features=1408, file="b2",
        parameters=10_178_374, macs=1_697_542_832, top1=0.805, top5=0.951, crop_fraction=0.89,
        hashes=("424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb")),
    _EFFICIENTNET_V2.row("efficientnet_v2_b3", "EfficientNetV2B3", 300, n_features=1536, file="b3",
        parameters=14_467_622, macs=3_011_458_816, top1=0.82, top5=0.958, crop_fraction=0.904,
        hashes=("1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856")),
    _EFFICIENTNET_V2.row("efficientnet_v2_s", "EfficientNetV2S", 384, n_features=1280, file="s",
        parameters=21_612_360, macs=8_365_617_152, top1=0.839, top5=0.967, crop_fraction=1.0,
        hashes=("e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070")),
    _EFFICIENTNET_V2.row("efficientnet_v2_m", "EfficientNetV2M", 480, n_features=1280, file="m",
        parameters=54_431_388, macs=24_582_460_384, top1=0.853, top5=0.974, crop_fraction=1.0,
        hashes=("a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342")),
    _EFFICIENTNET_V2.row("efficientnet_v2_l", "EfficientNetV2L", 480, n_features=1280, file="l",
        parameters=119_027_848, macs=56_079_699_008, top1=0.857, top5=0.975, crop_fraction=1.0,
        hashes=("27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615")),
    _MOBILENET.row("mobilenet", "MobileNet", 224, n_features=1024,
        parameters=4_253_864, macs=568_740_352, top1=0.704, top5=0.895,
        hashes=(None, None)),
    _MOBILENET_V2.row("mobilenet_v2", "MobileNetV2", 224, n_features=1280,
        parameters=3_538_984, macs=300_774_272, top1=0.713, top5=0.901,
        hashes=(None, None)),
    _MOBILENET_V3.row("mobilenet_v3_small", "MobileNetV3Small", 224, n_features=576,
        parameters=2_554_968, macs=56_510_400, top1=0.681, top5=None,
        hashes=("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836")),
    _MOBILENET_V3.row("mobilenet_v3_large", "MobileNetV3Large", 224, n_features=960,
        parameters=5_507_432, macs=216_589_760, top1=0.756, top5=None,
        hashes=("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389")),
    _DENSENET.row("densenet121", "DenseNet121", 224, n_features=1024,
        parameters=8_062_504, macs=2_834_161_664, top1=0.75, top5=0.923,
        hashes=("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738")),
    _DENSENET.row("densenet169", "DenseNet169", 224, n_features=1664,
        parameters=14_307_880, macs=3_359_843_328, top1=0.762, top5=0.932,
        hashes=("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b")),
    _DENSENET.row("densenet201", "DenseNet201", 224, n_features=1920,
        parameters=20_242_984, macs=4_291_365_888, top1=0.773, top5=0.936,
        hashes=("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1")),
    _XCEPTION.row("xception", "Xception", 299, n_features=2048,
        parameters=22_910_480, macs=8_357_403_496, top1=0.79, top5=0.945,
        hashes=("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97")),
    _NASNET.row("nasnet_mobile", "NASNetMobile", 224, n_features=1056, file="NASNet-mobile",
        parameters=5_326_716, macs=563_638_816, top1=0.744, top5=0.919,
        hashes=("020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63")),
    _NASNET.row("nasnet_large", "NASNetLarge", 331, n_features=4032, file="NASNet-large",
        parameters=88_949_818, macs=23_783_414_658, top1=0.825, top5=0.96,
        hashes=("11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5")),
    _CONVNEXT.row("convnext_tiny", "ConvNeXtTiny", 224, n_features=768, parameters=28_589_128,
        macs=4_455_531_264, top1=0.813, top5=None, feature_layer="convnext_tiny_head_layernorm",
        hashes=("8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
                "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1")),
    _CONVNEXT.row("convnext_small", "ConvNeXtSmall", 224, n_features=768, parameters=50_223_688,
        macs=8_683_712_256, top1=0.823, top5=None, feature_layer="convnext_small_head_layernorm",
        hashes=("ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
                "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab")),
    _CONVNEXT.row("convnext_base", "ConvNeXtBase", 224, n_features=1024, parameters=88_591_464,
        macs=15_354_729_472, top1=0.853, top5=None, feature_layer="convnext_base_head_layernorm",
        hashes=("52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
                "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45")),
    _CONVNEXT.row("convnext_large", "ConvNeXtLarge", 224, n_features=1536, parameters=197_767_336,
        macs=34_361_433_600, top1=0.863, top5=None, feature_layer="convnext_large_head_layernorm",
        hashes=("070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
                "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd")),
    _CONVNEXT.row("convnext_xlarge", "ConvNeXtXLarge", 224, n_features=2048, parameters=350_196_968,
        macs=60_921_030_656, top1=0.867, top5=None, feature_layer="convnext_xlarge_head_layernorm",
        hashes=("c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
                "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05")),
)
# fmt: on
