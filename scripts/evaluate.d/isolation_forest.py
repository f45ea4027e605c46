#!/usr/bin/env python3
"""scikit-learn's isolation forest on the windows that ours are judged on, as lines that score.py reads.

    sluice windows CAPTURE | isolation_forest.py SECONDS

The first SECONDS are learned. Alarms are beyond scikit-learn's own threshold and beyond all that was learned, at most one an entity and minute.
Needs PyPI's numpy and scikit-learn.
"""

import csv
import json
import sys

import numpy as np
from sklearn.ensemble import IsolationForest

NOTES = 4


def main():
    rows = list(csv.reader(sys.stdin))[1:]
    times = np.array([float(row[0]) for row in rows])
    values = np.array([row[NOTES:] for row in rows], dtype=np.float32)
    end = times[0] + float(sys.argv[1])
    for view in ["source", "destination"]:
        mine = np.array([row[1] == view for row in rows])
        forest = IsolationForest(random_state=1).fit(values[mine & (times < end)])
        # Odd ones are negative; the threshold of "auto" is zero.
        score = -forest.decision_function(values[mine])
        learned = times[mine] < end
        bound, last = max(0.0, score[learned].max()), {}
        for row, time, value in zip(np.array(rows, dtype=object)[mine], times[mine], score):
            line = {"event": "window", "time": time, "entity": view, "address": row[2], "score": float(value)}
            print(json.dumps(line))
            if time >= end and value > bound and time - last.get(row[2], -60) >= 60:
                last[row[2]] = time
                print(json.dumps(line | {"event": "alert", "action": "ban"}))
    print(json.dumps({"event": "summary", "firstTime": times.min() - 1, "lastTime": times.max()}))


if __name__ == "__main__":
    main()
