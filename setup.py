"""Package definition of drl4ser; tool settings stand in pyproject.toml, tested versions in constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="drl4ser",
    version="0.1.0",
    license="MIT",
    description="Discriminative representation learning for speech emotion recognition (Li et al., IJCAI 2019)",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["drl4ser", "drl4ser.*"]),
    package_data={"drl4ser.features": ["*.conf"]},
    python_requires=">=3.11",
    install_requires=[
        "absl-py",
        "filelock>=4",
        "gensim",
        "keras>=3.8",
        "librosa",
        "matplotlib",
        "numpy",
        "pandas",
        "pysptk",
        "requests",
        "scikit-learn",
        "scipy",
        "setuptools<81",  # pysptk 1.0 imports pkg_resources, which later ones do not have
        "soundfile",
        "soxr",
        "tensorboard",
        "tensorflow",
        "tqdm",
    ],
    extras_require={
        "dev": [
            "espeakng-loader",
            "gradio>=6",
            "hypothesis",
            "ipykernel",
            "ipywidgets",
            "nbconvert",
            "onnx",
            "onnxruntime",
            "opensmile",
            "praat-parselmouth",
            "pyarrow",
            "pytest",
            "pytest-xdist",
            "ray",
            "ruff",
            "selenium",
            "tf2onnx",
        ],
        "synthetic": ["espeakng-loader"],  # GPL: only to make the default corpus
        "notebooks": ["ipykernel", "ipywidgets", "jupyterlab", "nbconvert"],
        "demo": ["gradio>=6"],
        "export": ["onnx", "onnxruntime", "tf2onnx"],
        "bench": ["opensmile", "praat-parselmouth", "torch"],
        "parquet": ["pyarrow"],
        "distributed": ["ray"],
        "gpu": ["tensorflow[and-cuda]"],
    },
    entry_points={"console_scripts": ["drl4ser-predict=drl4ser.inference.command:main"]},
)
