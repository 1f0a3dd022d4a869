"""The two tables of Li et al., "Towards Discriminative Representation Learning for Speech Emotion Recognition".

And the rows of the ablation, which is not in the paper.

Rows, their order and comparisons, and the numbers: IJCAI 2019, Table 1 and Table 2; UA in percent and F1 as printed.
Its input "A" is `acoustic` here, "A+L" is `acoustic+lexical`. `reported_ua` is Table 1's column of what a compared
method's own paper reports, None where it prints a dash.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

SYSTEM_NAMES = {
    "baseline": "Baseline",
    "s1": "S1",
    "s2": "S2",
    "s3": "S3",
    "xia_dnn": "Xia & Liu 2017",
    "poria_cnn_mkl": "Poria et al. 2016",
    "poria_lstm": "Poria et al. 2017",
    "mirsamadi_attention": "Mirsamadi et al. 2017",
    "opensmile_svm": "openSMILE and SVM",
    "trunk_max": "Convolutions, max",
    "trunk_attention_max": "Convolutions and attention, max",
    "trunk_max_40ms": "Convolutions, steps of 40 ms, max",
    "gca_and_max": "GCA-LSTM and max",
    "gca_40ms": "GCA-LSTM, steps of 40 ms",
    "gca_skip": "GCA-LSTM with shortcut",
    "gca_softmax": "GCA-LSTM without min-max",
    "poria_cnn": "Poria et al. 2016, softmax",
    "poria_cnn_160ms": "Poria et al. 2016, softmax, steps of 160 ms",
}

MODALITY_NAMES = {"acoustic": "A", "acoustic+lexical": "A+L", "lexical": "L"}


@dataclasses.dataclass(frozen=True)
class TableLayout:
    """Rows and comparisons of a table.

    Attributes:
        systems: its rows from top to bottom.
        proposed: the row that is compared with every other, as in Table 1. Empty where every row is compared
            with the row above it, as in Table 2.
        references: rows that the paper does not have, which are run on request.
    """

    systems: tuple[str, ...]
    proposed: str = ""
    references: tuple[str, ...] = ()

    def pairs(self, systems: Sequence[str]) -> dict[str, tuple[str, str]]:
        """The comparisons (system, over) between the rows that exist, by the row that shows them.

        Example:
            >>> LAYOUTS["table2"].pairs(["baseline", "s2"])
            {'s2': ('s2', 'baseline')}
        """
        if not self.proposed:
            return {system: (system, above) for above, system in itertools.pairwise(systems)}
        if self.proposed not in systems:
            return {}
        return {system: (self.proposed, system) for system in systems if system != self.proposed}


LAYOUTS = {
    "table1": TableLayout(
        ("xia_dnn", "poria_cnn_mkl", "poria_cnn", "poria_lstm", "mirsamadi_attention", "s3", "opensmile_svm"),
        proposed="s3",
        references=("poria_cnn", "opensmile_svm"),
    ),
    "table2": TableLayout(("baseline", "s1", "s2", "s3")),
    "ablation": TableLayout(
        (
            "trunk_max",
            "trunk_attention_max",
            "trunk_max_40ms",
            "gca_and_max",
            "gca_40ms",
            "gca_skip",
            "gca_softmax",
            "poria_cnn",
            "poria_cnn_160ms",
            "s3",
        ),
        proposed="s3",
    ),
}

TABLE1 = {
    "xia_dnn": {
        "iemocap": {
            "acoustic": {"reported_ua": 60.1, "ua": 60.4, "f1": 0.597},
            "acoustic+lexical": {"reported_ua": None, "ua": 72.8, "f1": 0.731},
        },
        "rid": {"acoustic": {"ua": 68.7, "f1": 0.691}},
    },
    "poria_cnn_mkl": {
        "iemocap": {
            "acoustic": {"reported_ua": 61.3, "ua": 60.7, "f1": 0.608},
            "acoustic+lexical": {"reported_ua": 65.1, "ua": 69.7, "f1": 0.702},
        },
        "rid": {"acoustic": {"ua": 71.2, "f1": 0.719}},
    },
    "poria_lstm": {
        "iemocap": {
            "acoustic": {"reported_ua": 57.1, "ua": 55.8, "f1": 0.563},
            "acoustic+lexical": {"reported_ua": 74.5, "ua": 73.9, "f1": 0.740},
        },
        "rid": {"acoustic": {"ua": 62.1, "f1": 0.620}},
    },
    "mirsamadi_attention": {
        "iemocap": {
            "acoustic": {"reported_ua": 58.8, "ua": 59.6, "f1": 0.594},
            "acoustic+lexical": {"reported_ua": None, "ua": 74.3, "f1": 0.745},
        },
        "rid": {"acoustic": {"ua": 69.1, "f1": 0.687}},
    },
    "s3": {
        "iemocap": {
            "acoustic": {"reported_ua": None, "ua": 69.4, "f1": 0.693},
            "acoustic+lexical": {"reported_ua": None, "ua": 79.2, "f1": 0.791},
        },
        "rid": {"acoustic": {"ua": 90.2, "f1": 0.901}},
    },
}

TABLE2 = {
    "baseline": {
        "parameters": "9.27M",
        "iemocap": {"acoustic": {"ua": 56.4, "f1": 0.565}, "acoustic+lexical": {"ua": 72.9, "f1": 0.731}},
        "rid": {"acoustic": {"ua": 62.1, "f1": 0.620}},
    },
    "s1": {
        "parameters": "9.15M",
        "iemocap": {"acoustic": {"ua": 61.8, "f1": 0.621}, "acoustic+lexical": {"ua": 74.3, "f1": 0.745}},
        "rid": {"acoustic": {"ua": 74.6, "f1": 0.744}},
    },
    "s2": {
        "parameters": "9.07M",
        "iemocap": {"acoustic": {"ua": 66.1, "f1": 0.667}, "acoustic+lexical": {"ua": 77.1, "f1": 0.770}},
        "rid": {"acoustic": {"ua": 85.3, "f1": 0.849}},
    },
    "s3": {
        "parameters": "9.11M",
        "iemocap": {"acoustic": {"ua": 69.4, "f1": 0.693}, "acoustic+lexical": {"ua": 79.2, "f1": 0.791}},
        "rid": {"acoustic": {"ua": 90.2, "f1": 0.901}},
    },
}

# Figure 6, read off the curve: training utterances of each class of RID -> UA, a fraction.
FIGURE6 = {
    6_000: 0.655,
    12_000: 0.712,
    18_000: 0.748,
    24_000: 0.775,
    30_000: 0.80,
    36_000: 0.843,
    42_000: 0.852,
    48_000: 0.867,
    54_000: 0.877,
    60_000: 0.882,
}

TABLES = {"table1": TABLE1, "table2": TABLE2}


def paper_corpus(corpus: str, num_classes: int) -> str | None:
    """The comparable corpus of the paper: "iemocap", "rid" (a manifest of that name with five classes) or None.

    Example:
        >>> paper_corpus("iemocap", 4), paper_corpus("rid", 5), paper_corpus("ravdess", 4)
        ('iemocap', 'rid', None)
    """
    if corpus == "rid" and num_classes == 5:
        return "rid"
    return "iemocap" if corpus == "iemocap" else None


def paper_value(table: str, system: str, modality: str, corpus: str | None = "iemocap") -> dict[str, Any]:
    """The paper's numbers for a system: `ua` in percent, `f1`, in Table 1 `reported_ua`, in Table 2 `parameters`.

    Returns:
        An empty dictionary where the paper has nothing.

    Example:
        >>> paper_value("table2", "s3", "acoustic")
        {'ua': 69.4, 'f1': 0.693, 'parameters': '9.11M'}
    """
    of_system = TABLES.get(table, {}).get(system, {})
    values = of_system.get(corpus, {}).get(modality, {})
    return values | {"parameters": of_system["parameters"]} if values and "parameters" in of_system else values
