"""The catalogue's rows."""

from headstart.backbones.catalogue import Backbone, OfficialWeights

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"

ROWS = (
    Backbone(
        name="mobilenet_v2",
        family="MobileNetV2",
        builder="MobileNetV2",
        size=(224, 224),
        preprocessing="tf",
        map_layer="out_relu",
        n_features=1280,
        weights=OfficialWeights(
            url=KERAS + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            filename="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            digest=None,
        ),
        weights_without_top=OfficialWeights(
            url=KERAS
            + "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            filename="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            digest=None,
        ),
        license="Apache-2.0",
        parameters=3_538_984,
        macs=300_774_272,
        top1=0.713,
        top5=0.901,
        source="Sandler et al. 2018, arXiv:1801.04381",
    ),
)
