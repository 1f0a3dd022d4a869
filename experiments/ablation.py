"""S3 beside networks that differ from it in one thing: `python -m experiments.ablation --records_dir=DIR`."""

from data_prep.command import run
from experiments import tables


def main() -> None:
    """See `tables.reproduce`."""
    tables.reproduce("ablation")


if __name__ == "__main__":
    run(main)
