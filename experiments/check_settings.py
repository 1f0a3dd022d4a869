"""Refuse wrong settings before hours of extraction: `python -m experiments.check_settings --records_dir=DIR`."""

from absl import flags

from data_prep.command import run
from experiments import settings, tables  # noqa: F401  tables defines flags

FLAGS = flags.FLAGS
flags.DEFINE_bool("networks", False, "Whether every system must be a network.")


def main() -> None:
    """Check what needs no records."""
    settings.check(FLAGS.systems or [], FLAGS.modalities)
    if FLAGS.networks:
        settings.check_networks(FLAGS.systems or [])


if __name__ == "__main__":
    run(main)
