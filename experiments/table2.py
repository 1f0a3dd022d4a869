"""Table 2, the contribution of each component: `python -m experiments.table2 --records_dir=DIR`."""

from data_prep.command import run
from experiments import tables


def main() -> None:
    """See `tables.reproduce`."""
    tables.reproduce("table2")


if __name__ == "__main__":
    run(main)
