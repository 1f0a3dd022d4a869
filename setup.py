"""Package definition of drl4ser; tool settings stand in pyproject.toml, tested versions in constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

MODELS = ["gensim", "keras>=3.8", "matplotlib", "scikit-learn", "tabulate", "tensorboard", "tensorflow"]
EXPORT = ["ai-edge-litert", "onnx", "onnxruntime", "tf2onnx"]
NOTEBOOKS = ["ipykernel", "ipywidgets", "nbconvert"]
REFERENCES = ["opensmile", "praat-parselmouth"]

setup(
    name="drl4ser",
    version="1.0.0",
    license="MIT AND CC-BY-NC-SA-4.0",  # the code, and the weights in drl4ser/pretrained
    license_files=["LICENSE", "drl4ser/pretrained/LICENSE.md"],
    description="Discriminative representation learning for speech emotion recognition (Li et al., IJCAI 2019)",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["drl4ser", "drl4ser.*"]),
    package_data={"drl4ser": ["py.typed", "pretrained/*", "pretrained/*/*"], "drl4ser.features": ["*.conf"]},
    python_requires=">=3.11",
    classifiers=[
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    # Recordings, corpora and LLDs. docs/contributing.md says why TensorFlow is not here.
    install_requires=[
        "absl-py",
        "filelock>=4",
        "librosa",
        "numpy",
        "pandas",
        "requests",
        "scipy",
        "soundfile",
        "soxr",
        "tqdm",
    ],
    extras_require={
        "models": MODELS,  # train, test, predict, draw
        "rapt": ["pysptk", "setuptools<81"],  # pysptk 1.0 imports pkg_resources, which later setuptools do not have
        "synthetic": ["espeakng-loader"],  # GPL: only to make the default corpus
        "demo": [*MODELS, "gradio>=6"],
        "export": [*MODELS, *EXPORT],
        "notebooks": [*MODELS, *NOTEBOOKS],
        "distributed": [*MODELS, "ray"],
        "parquet": ["pyarrow"],
        "references": REFERENCES,  # not free, see docs/contributing.md
        "bench": [*MODELS, *REFERENCES, "torch"],
        "gpu": [*MODELS, "tensorflow[and-cuda]"],
        "dev": [
            *MODELS,
            *EXPORT,
            *NOTEBOOKS,
            *REFERENCES,
            "espeakng-loader",
            "gradio>=6",
            "hypothesis",
            "mypy",
            "pyarrow",
            "pysptk",
            "pytest",
            "pytest-xdist",
            "pyyaml",
            "ray",
            "ruff",
            "selenium",
            "setuptools<81",
        ],
    },
    entry_points={"console_scripts": ["drl4ser-predict=drl4ser.inference.command:main"]},
)
