"""Extract the LLD records of a corpus.

`python -m data_prep.make_records --corpus=ravdess --data_dir=DIR --records_dir=DIR`

A run that was killed resumes at its last shard. Files that cannot be used are listed and left out.
"""

import dataclasses
import os
from pathlib import Path

from absl import flags

from data_prep.command import run
from drl4ser.config import FRONTENDS, FrameConfig
from drl4ser.console import one_line
from drl4ser.corpora import CORPORA, name_corpus, read_corpus
from drl4ser.data.extraction import make_records
from drl4ser.data.store import open_store

FLAGS = flags.FLAGS
flags.DEFINE_enum("corpus", "synthetic", list(CORPORA), "Which corpus.")
flags.DEFINE_string("name", None, "Name of a manifest's corpus. Default: that of the file, without its ending.")
flags.DEFINE_string("data_dir", None, "Its folder, as released; for a manifest, the CSV file.", required=True)
flags.DEFINE_string("audio_root", None, "Of a manifest, the folder that relative paths start from.")
flags.DEFINE_string("records_dir", None, "Folder of the records.", required=True)
flags.DEFINE_list("emotions", None, "Classes to keep, or 'all'. Default: angry, happy, neutral, sad.")
flags.DEFINE_bool("allow_partial", False, "Leave out what a corpus lacks or names wrongly.")
flags.DEFINE_enum("frontend", "drl4ser", FRONTENDS, "Program that extracts the LLDs.")
flags.DEFINE_integer("num_workers", os.cpu_count(), "Processes.", lower_bound=1)
_LONG_SECONDS = 60.0


def main() -> None:
    """Read the corpus, extract, report how much speech there is and what was left out."""
    emotions = "all" if FLAGS.emotions == ["all"] else FLAGS.emotions
    data_dir, audio_root = Path(FLAGS.data_dir), FLAGS.audio_root or None
    name = name_corpus(FLAGS.corpus, data_dir, FLAGS.name or "")
    utterances = read_corpus(FLAGS.corpus, data_dir, emotions, FLAGS.allow_partial, audio_root)
    frame = dataclasses.replace(FrameConfig(), frontend=FLAGS.frontend)
    problems = make_records(utterances, Path(FLAGS.records_dir), name, frame, num_workers=FLAGS.num_workers)
    store = open_store(Path(FLAGS.records_dir), frame)
    seconds = store.durations(frame)
    longest = max(store.utterances, key=lambda utterance: seconds[utterance.id])
    span = f"{min(seconds.values()):.1f} to {seconds[longest.id]:.1f} s, {sum(seconds.values()) / 3600:.2f} hours"
    print(f"{FLAGS.records_dir}: {len(seconds)} of {len(utterances)} utterances, {span}")
    for path, reason in problems:
        print(f"  left out: {one_line(path)}: {one_line(reason)}")
    if seconds[longest.id] > _LONG_SECONDS:
        number = sum(value > _LONG_SECONDS for value in seconds.values())
        print(
            f"  {number} longer than {_LONG_SECONDS:.0f} s, above all {one_line(longest.path)}: other utterances "
            "are padded to its length, which takes memory and time; better cut at its pauses"
        )


if __name__ == "__main__":
    run(main)
