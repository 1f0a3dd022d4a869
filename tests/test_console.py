import time
import warnings

from drl4ser.console import plain_warnings, progress


def test_a_warning_to_the_user_is_one_line_without_a_place_in_the_code():
    with plain_warnings():
        assert warnings.formatwarning("a\nb", UserWarning, "code.py", 3) == "warning: a\\nb\n"
        assert "code.py:3" in warnings.formatwarning("old", DeprecationWarning, "code.py", 3)
    assert "code.py:3" in warnings.formatwarning("a", UserWarning, "code.py", 3)


def test_a_bar_in_a_file_does_not_fill_it(capsys):
    for _ in progress(range(40), unit="utt"):
        time.sleep(0.01)
    assert capsys.readouterr().err.count("utt/s") == 2  # its beginning and its end
