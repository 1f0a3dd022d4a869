"""Table 1, the comparison with other systems: `python -m experiments.table1 --records_dir=DIR`."""

from data_prep.command import run
from experiments import tables


def main() -> None:
    """See `tables.reproduce`."""
    tables.reproduce("table1")


if __name__ == "__main__":
    run(main)
