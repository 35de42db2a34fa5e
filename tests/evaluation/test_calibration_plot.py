from PIL import Image


def test_the_diagram_has_a_point_for_each_bin(make_evaluation, tmp_path):
    evaluation = make_evaluation(3)
    path = tmp_path / "calibration.png"
    (axes,) = evaluation.plot_calibration(path).axes
    assert len(axes.lines[1].get_xdata()) == len(evaluation.calibration.bins)
    with Image.open(path) as image:
        assert min(image.size) > 400


def test_intervals_lie_within_the_axes(any_size):
    (axes,) = any_size.plot_calibration().axes
    low, high = axes.get_ylim()
    assert low <= min(each.interval.low for each in any_size.calibration.bins)
    assert high >= 1
