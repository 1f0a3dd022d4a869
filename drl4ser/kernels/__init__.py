"""Multiple kernel learning for support vector machines; knows no TensorFlow."""

from drl4ser.kernels.base_kernels import BaseKernel, multiple_kernels
from drl4ser.kernels.machine import KernelMachine

__all__ = ["BaseKernel", "KernelMachine", "multiple_kernels"]
