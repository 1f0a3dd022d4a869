import numpy as np

from drl4ser.figures import confusion as plots
from drl4ser.figures import figure_to_array


def test_confusion_figure_shows_shares_and_counts():
    figure = plots.confusion_figure([[3, 1], [0, 0]], ["angry", "sad"], "S3")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["75 %\n(3)", "25 %\n(1)", "0 %\n(0)", "0 %\n(0)"]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["angry", "sad"]
    image = figure_to_array(figure)
    assert image.dtype == np.uint8 and image.shape == (472, 472, 4)
    assert (image[..., 3] == 255).all() and len(np.unique(image[..., 0])) > 50
    half = plots.confusion_figure([[0.5, 1.5], [0, 2]], ["a", "b"]).axes[0].texts[0].get_text()
    assert half == "25 %\n(0.5)"


def test_a_grid_has_a_panel_for_each_row_of_the_table():
    figure = plots.confusion_grid([(name, np.eye(3)) for name in "abc"], ["x", "y", "z"])
    assert [axes.get_title() for axes in figure.axes if axes.axison] == ["a", "b", "c"]


def test_long_names_of_classes_leave_the_matrix_its_room():
    long = [f"what nobody would ever call an emotion, but somebody did {number}" for number in range(3)]
    figure = plots.confusion_figure(np.eye(3), long)
    figure_to_array(figure)  # pytest turns matplotlib's warning of too little room into an error
    (axes,) = figure.axes
    assert axes.get_position().width > 0.4
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert len(set(names)) == 3 and max(map(len, names)) <= plots.LONGEST_NAME


def test_numbers_of_many_classes_fit_into_their_cells():
    figure = plots.confusion_figure(np.eye(13), [f"class {number}" for number in range(13)])
    figure_to_array(figure)
    (axes,) = figure.axes
    cell = axes.bbox.width / 13
    assert max(text.get_window_extent().width for text in axes.texts[::14]) < cell
