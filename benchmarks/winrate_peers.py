"""AlpacaEval's own rates, by the Python of an environment that has it: JSON on stdout.

PEERS/bin/python benchmarks/winrate_peers.py ANNOTATIONS DIFFICULTIES
"""

import json
import sys

import pandas as pd
from alpaca_eval.metrics import glm_winrate

NAMES = ("length_controlled_v1", "length_controlled_minimal")
# It would be fetched from a hub.
glm_winrate.hf_hub_download = lambda **_: sys.argv[2]


def main() -> None:
    rows = pd.read_json(sys.argv[1])
    rows["preference"] = pd.to_numeric(rows["preference"])
    rows = rows.reset_index()
    options = {"save_weights_dir": None, "is_add_glm_preference_inplace": False, "is_warn_extreme_changes": False}
    found = {name: glm_winrate.get_length_controlled_winrate(rows, glm_name=name, **options) for name in NAMES}
    print(json.dumps(found, default=float))


main()
