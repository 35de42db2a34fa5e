import numpy as np

from headstart.heads.coordinates import principal_coordinates
from headstart.heads.nearest_mean import NearestMeanHead

from .test_base import clouds


def test_the_nearest_mean_wins():
    features, codes = clouds(n=60)
    fitted = NearestMeanHead().fit(features, codes)
    values = principal_coordinates(features, np.ones(60)).values
    means = np.stack([values[codes == code].mean(axis=0) for code in range(3)])
    nearest = ((values[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(fitted.predict(features), nearest)
    np.testing.assert_allclose(fitted.means_[1], features[codes == 1].mean(axis=0), rtol=1e-4)


def test_without_balance_the_frequent_class_wins_half_way():
    features = np.array([[-1.1], [-1.0], [-0.9], [-1.0], [0.9], [1.1]])
    codes = [0, 0, 0, 0, 1, 1]
    half_way = [[0.0]]
    balanced = NearestMeanHead().fit(features, codes).predict_proba(half_way)
    counted = NearestMeanHead(class_weight=None).fit(features, codes).predict_proba(half_way)
    np.testing.assert_allclose(balanced[0], 0.5, atol=0.01)
    np.testing.assert_allclose(counted[0], [2 / 3, 1 / 3], atol=0.01)
