"""The numbers of Li et al., "Towards Discriminative Representation Learning for Speech Emotion Recognition".

Source: IJCAI 2019, Table 1 and Table 2; UA in percent and F1 as printed. Its input "A" is `acoustic` here,
"A+L" is `acoustic+lexical`. `reported_ua` is Table 1's column of what a compared method's own paper reports,
None where it prints a dash.
"""

from typing import Any

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


def paper_value(table: str, system: str, modality: str, corpus: str = "iemocap") -> dict[str, Any]:
    """What the paper prints for a system: `ua` in percent, `f1` and in Table 1 `reported_ua`.

    Returns:
        An empty dictionary where the paper has nothing.
    """
    return TABLES[table].get(system, {}).get(corpus, {}).get(modality, {})
