"""The totals of OpenS2V-Eval, VBench and A2-Bench, declared from their own definitions.

`tests/peers/test_totals.py` holds them against every published row.
"""

from a2bench.peers.reported import Suite
from a2bench.peers.total import Term, Total

# ---- OpenS2V-Eval (arXiv:2505.20292) ---------------------------------------------------------------------------------
_OPENS2V = {
    "aesthetics": "Aesthetics",
    "motion_smoothness": "Motion smoothness",
    "motion_amplitude": "Motion amplitude",
    "facesim": "FaceSim-Cur",
    "gmescore": "GmeScore",
    "nexusscore": "NexusScore",
    "naturalscore": "NaturalScore",
}
_SUBJECTS = {"aesthetics": 0.16, "motion_smoothness": 0.06, "motion_amplitude": 0.02, "facesim": 0.20,
             "gmescore": 0.12, "nexusscore": 0.20, "naturalscore": 0.24}  # fmt: skip
_HUMAN = {"aesthetics": 0.18, "motion_smoothness": 0.09, "motion_amplitude": 0.03, "facesim": 0.25,
          "gmescore": 0.15, "naturalscore": 0.30}  # fmt: skip
_SUBJECTS_V1_0 = {"aesthetics": 0.12, "motion": 0.12, "facesim": 0.20, "gmescore": 0.12, "nexusscore": 0.20,
                  "naturalscore": 0.24}  # fmt: skip
_HUMAN_V1_0 = {"aesthetics": 0.15, "motion": 0.15, "facesim": 0.25, "gmescore": 0.15, "naturalscore": 0.30}
OPENS2V_ITEMS = {"open": 180, "human": 60, "single": 90}


def _opens2v(version: str, board: str, weights: dict[str, float]) -> Suite:
    titles = {**_OPENS2V, "motion": "Motion"}
    file = "eval/merge_result.py" if version == "v1.1" else "eval/v1.0_backup/merge_result.py"
    total = Total(f"OpenS2V-Eval {version}", {k: Term(w) for k, w in weights.items()}, f"OpenS2V-Nexus, {file}")
    return Suite(
        name=f"opens2v-{version}-{board}",
        title=f"OpenS2V-Eval {version}, {board.title()}-Domain",
        dimensions={key: titles[key] for key in weights},
        totals={"total": total},
        unit="percent",
        items=OPENS2V_ITEMS[board],
    )


OPENS2V = {
    board: _opens2v("v1.1", board, _HUMAN if board == "human" else _SUBJECTS) for board in ("open", "human", "single")
}
OPENS2V_V1_0 = {
    board: _opens2v("v1.0", board, _HUMAN_V1_0 if board == "human" else _SUBJECTS_V1_0)
    for board in ("open", "human", "single")
}

# ---- VBench (arXiv:2311.17982), scripts/constant.py and scripts/cal_final_score.py -----------------------------------
_VBENCH_QUALITY = {
    "subject_consistency": Term(1, 14.62, 100),
    "background_consistency": Term(1, 26.15, 100),
    "temporal_flickering": Term(1, 62.93, 100),
    "motion_smoothness": Term(1, 70.6, 99.75),
    "dynamic_degree": Term(0.5, 0, 100),
    "aesthetic_quality": Term(1, 0, 100),
    "imaging_quality": Term(1, 0, 100),
}
_VBENCH_SEMANTIC = {
    "object_class": Term(1, 0, 100),
    "multiple_objects": Term(1, 0, 100),
    "human_action": Term(1, 0, 100),
    "color": Term(1, 0, 100),
    "spatial_relationship": Term(1, 0, 100),
    "scene": Term(1, 0, 82.22),
    "appearance_style": Term(1, 0.09, 28.55),
    "temporal_style": Term(1, 0, 36.4),
    "overall_consistency": Term(1, 0, 36.4),
}


def _shares(terms: dict[str, Term], share: float) -> dict[str, Term]:
    """The terms with weights that add up to ``share``."""
    whole = sum(term.weight for term in terms.values())
    return {key: Term(share * term.weight / whole, term.low, term.high) for key, term in terms.items()}


_VBENCH_SOURCE = "Vchitect/VBench, scripts/cal_final_score.py"
VBENCH = Suite(
    name="vbench",
    title="VBench",
    dimensions={key: key.replace("_", " ") for key in (*_VBENCH_QUALITY, *_VBENCH_SEMANTIC)},
    totals={
        "quality": Total("VBench quality", _shares(_VBENCH_QUALITY, 1), _VBENCH_SOURCE, 100),
        "semantic": Total("VBench semantic", _shares(_VBENCH_SEMANTIC, 1), _VBENCH_SOURCE, 100),
        "total": Total(
            "VBench total",
            {**_shares(_VBENCH_QUALITY, 4 / 5), **_shares(_VBENCH_SEMANTIC, 1 / 5)},
            _VBENCH_SOURCE,
            100,
        ),
    },
    unit="percent",
    items=944,
)

# ---- A2-Bench of SkyReels-A2 (arXiv:2504.02436) ----------------------------------------------------------------------
A2_BENCH = Suite(
    name="a2-bench",
    title="A2-Bench (SkyReels-A2)",
    dimensions={
        "id": "ID consistency",
        "object": "object consistency",
        "background": "background consistency",
        "image_quality": "image quality",
        "aesthetic_quality": "aesthetic quality",
        "motion_smoothness": "motion smoothness",
        "dynamic_degree": "dynamic degree",
        "clip": "image-text similarity",
    },
    totals={
        "comprehensive": Total(
            "A2-Bench comprehensive",
            {
                "id": Term(1.5 / 8),
                "object": Term(1.5 / 8),
                "background": Term(1.5 / 8),
                "image_quality": Term(1 / 8),
                "aesthetic_quality": Term(1 / 8),
                "motion_smoothness": Term(1 / 8),
                "dynamic_degree": Term(1 / 8),
                "clip": Term(0.02 / 8),
            },
            "scales of the leaderboard's source; gives the four published rows to three decimals",
        )
    },
    unit="0 to 1, image-text similarity 0 to 100",
)

SUITES = {suite.name: suite for suite in (*OPENS2V.values(), *OPENS2V_V1_0.values(), VBENCH, A2_BENCH)}
