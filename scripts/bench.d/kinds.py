#!/usr/bin/env python3
"""What a row costs each kind of model, beside scikit-learn's on the same rows in the same run, one thread.

    scripts/bench.d/kinds.py PATH-OF-SLUICE-BENCH [ROUNDS]

Needs PyPI's numpy and scikit-learn. The first half of the rows is learned from, the second half scored as one batch. Ours
is from int8 rows to scores, scikit-learn's from rows of doubles to scores; the autoencoder has its peer in scoring.py, the
tail table has none.
"""

import os

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"

import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest
from sklearn.svm import OneClassSVM

WIDTH, COUNT, ATTACKS = 68, 8192, 500


def rows(random):
    """Rows on twelve hidden places, the last ones of the first half far from the others."""
    hidden = random.normal(0, 1, (COUNT, 12)) @ random.normal(0, 8, (12, WIDTH))
    values = hidden + random.normal(0, 4, (COUNT, WIDTH))
    values[COUNT // 2 - ATTACKS:COUNT // 2] += random.normal(40, 10, WIDTH)
    return np.clip(np.round(values), -127, 127).astype(np.int8)


def peers(good, bad):
    pca = PCA(n_components=0.95, svd_solver="full").fit(good)
    yield "pca", lambda x: ((x - pca.inverse_transform(pca.transform(x))) ** 2).sum(axis=1)
    yield "forest", IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(good).score_samples
    means = KMeans(32, n_init=1, random_state=1).fit(good)
    yield "kmeans", lambda x: means.transform(x).min(axis=1)
    yield "svm", OneClassSVM().fit(good).decision_function
    labels = np.r_[np.zeros(len(good)), np.ones(len(bad))]
    trees = GradientBoostingClassifier(n_estimators=100, max_depth=3, learning_rate=0.1, random_state=1)
    yield "trees", trees.fit(np.r_[good, bad], labels).decision_function


def nanoseconds(work, rounds):
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - start) / (COUNT // 2))
    return statistics.median(times)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    values = rows(np.random.default_rng(1))
    with tempfile.NamedTemporaryFile(suffix=".rows") as file:
        file.write(values.tobytes())
        file.flush()
        output = subprocess.run([sys.argv[1], "kinds", file.name, "--attacks", str(ATTACKS), "--rounds", str(rounds)],
                                check=True, capture_output=True, text=True).stdout
    ours = {kind: float(time) for kind, time in (line.split() for line in output.splitlines())}
    half, scaled = COUNT // 2, values.astype(np.float64) * (8 / 127)
    theirs = {kind: nanoseconds(lambda: score(scaled[half:]), rounds)
              for kind, score in peers(scaled[:half - ATTACKS], scaled[half - ATTACKS:half])}
    print(f"\n{'CPU ns to score a row, batch of ' + str(half):<42} {'sluice':>8} {'sklearn':>8} {'ratio':>7}"
          f"   scikit-learn {sklearn.__version__}")
    for kind, time in ours.items():
        peer = theirs.get(kind)
        print(f"{kind:<42} {time:>8.0f}", f"{peer:>8.0f} {time / peer:>7.3f}" if peer else "       -       -")


if __name__ == "__main__":
    main()
