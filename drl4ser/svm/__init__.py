"""Multiple kernel learning for support vector machines, without TensorFlow."""

from drl4ser.svm.kernels import BaseKernel, multiple_kernels
from drl4ser.svm.machine import KernelMachine

__all__ = ["BaseKernel", "KernelMachine", "multiple_kernels"]
