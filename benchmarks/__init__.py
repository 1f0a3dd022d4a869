"""Side-by-side measurements of drl4ser and of what people would use instead (`make benchmark`)."""

from drl4ser.console import require_tensorflow

require_tensorflow()
