"""Makes trend.json: what pymannkendall 1.4.3 and scipy 1.17.1 say of series of the R datasets in rules.json.

python trend.py > trend.json. S, its variance and p are of pymannkendall.original_test (normal approximation,
corrected for ties and continuity); `exact` is the p of scipy.stats.kendalltau(method="exact"), null with ties.
"""

import json
from pathlib import Path

import pymannkendall
from scipy.stats import kendalltau

SIZES = (6, 8, 10, 12, 12, 12)
rows = []
for series in json.loads((Path(__file__).parent / "rules.json").read_text())[:4]:
    values = series["values"]
    for start in range(0, len(values) - 12, 3):
        window = values[start : start + SIZES[start // 3 % len(SIZES)]]
        found = pymannkendall.original_test(window)
        untied = len(set(window)) == len(window)
        exact = float(kendalltau(range(len(window)), window, method="exact").pvalue) if untied else None
        rows.append(
            {
                "values": window,
                "trend": found.trend,
                "s": int(found.s),
                "variance": float(found.var_s),
                "p": float(found.p),
                "exact": exact,
            }
        )
print("[\n " + ",\n ".join(map(json.dumps, rows)) + "\n]")
