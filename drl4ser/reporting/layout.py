"""Which systems stand in which table, in what order, under what names and compared with what."""

import dataclasses
import itertools

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
}

MODALITY_NAMES = {"acoustic": "A", "acoustic+lexical": "A+L", "lexical": "L"}


@dataclasses.dataclass(frozen=True)
class TableLayout:
    """One of the paper's tables.

    Attributes:
        systems: its rows from top to bottom.
        proposed: the row that is compared with every other, as in Table 1. Empty where every row is compared
            with the row above it, as in Table 2.
        references: rows that the paper does not have, which are run on request.
    """

    systems: tuple[str, ...]
    proposed: str = ""
    references: tuple[str, ...] = ()

    def pairs(self, systems: list[str]) -> dict[str, tuple[str, str]]:
        """The comparisons (system, over) between rows that exist, by the row that shows them."""
        if not self.proposed:
            return {system: (system, above) for above, system in itertools.pairwise(systems)}
        if self.proposed not in systems:
            return {}
        return {system: (self.proposed, system) for system in systems if system != self.proposed}


LAYOUTS = {
    "table1": TableLayout(
        ("xia_dnn", "poria_cnn_mkl", "poria_lstm", "mirsamadi_attention", "s3", "opensmile_svm"),
        proposed="s3",
        references=("opensmile_svm",),
    ),
    "table2": TableLayout(("baseline", "s1", "s2", "s3")),
}
