"""Published results of Carroll et al. (NeurIPS 2019, arXiv 1910.05789), from their result files.

Returns over 400 steps, 20 a soup. Our human model is our own clone of their test recordings, theirs was
theirs: the pairings are alike, not identical.
"""

from __future__ import annotations

# layout -> pairing as `training.evaluation.protocol` names it -> return by seat (one figure where both
# share it)
PUBLISHED: dict[str, dict[str, tuple[float, ...]]] = {
    "cramped_room": {
        "people with people": (97.5,),
        "clone with clone": (109.5,),
        "human model with human model": (115.0,),
        "clone with human model": (103.5, 110.0),
        "refined with human model": (156.4, 163.9),
    },
    "asymmetric_advantages": {
        "people with people": (158.3,),
        "clone with clone": (136.0,),
        "clone with human model": (136.5, 137.5),
        "refined with human model": (72.6, 178.8),
    },
    "coordination_ring": {
        "people with people": (84.6,),
        "clone with clone": (67.0,),
        "clone with human model": (59.0, 70.0),
        "refined with human model": (126.4, 129.8),
    },
    "forced_coordination": {
        "people with people": (94.0,),
        "clone with clone": (25.5,),
        "clone with human model": (20.5, 31.0),
        "refined with human model": (58.9, 76.9),
    },
    "counter_circuit": {
        "people with people": (66.7,),
        "clone with clone": (48.0,),
        "clone with human model": (38.0, 44.0),
        "refined with human model": (69.5, 57.6),
    },
}


def published_texts(layout: str) -> dict[str, str]:
    """Pairing -> `109.5`, or `104 / 110` where the seats differ, for a column beside ours."""
    rows = PUBLISHED[layout]
    return {
        name: f"{values[0]:g}" if len(values) == 1 else " / ".join(f"{v:.0f}" for v in values)
        for name, values in rows.items()
    }
