"""The commands behind the Makefile's targets; they need the extra `models`."""

from drl4ser.console import require_tensorflow

require_tensorflow()
