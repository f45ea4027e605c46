#!/usr/bin/env python3
"""What scikit-learn's models make of the windows that ours are trained on and tried with.

    scikit_learn.py TRAIN.csv TEST.csv

Tables of windows as `sluice windows` prints them, labelled. Prints a line a kind and view: kind, view, area under the ROC
curve. Good windows of TRAIN are what is usual; the bad ones are used by the boosted trees only.
"""

import csv
import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

NOTES = {"time", "view", "entity", "label"}


def read(path, view):
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["view"] == view]
    names = [name for name in rows[0] if name not in NOTES]
    values = np.array([[float(row[name]) for name in names] for row in rows])
    return values, np.array([row["label"] == "bad" for row in rows])


class Scaler:
    """The scale and the grid of docs/models.md, written down a second time."""

    def __init__(self, rows):
        ordered = np.sort(rows, axis=0)

        def quantile(share):
            return ordered[min(len(rows) - 1, int(share * len(rows)))]

        robust, deviation = (quantile(0.95) - quantile(0.05)) / 3.29, rows.std(axis=0)
        self.median = quantile(0.5)
        self.deviation = np.maximum(np.where(robust > 0.001, np.maximum(robust, deviation / 2), deviation), 0.05)

    def __call__(self, rows):
        step = 8 / 127
        return np.clip(np.round((rows - self.median) / self.deviation / step), -127, 127) * step


def residual(usual, rows):
    model = PCA(n_components=0.95, svd_solver="full").fit(usual)
    return ((rows - model.inverse_transform(model.transform(rows))) ** 2).sum(axis=1)


def scores(usual, bad, rows):
    """Each kind's scores of rows, odd ones high; of a kind that luck changes, by several seeds."""
    yield "pca", [residual(usual, rows)]
    # Seeds of a forest differ by more than forests of different programs: the mean of many trees stands for all.
    yield "forest", [-IsolationForest(n_estimators=1000, max_samples=256, random_state=1).fit(usual).score_samples(rows)]
    # Seeds of means likewise (areas of .971 to .995 on the same rows): the median of many fits stands for all.
    fits = [KMeans(32, n_init=3, random_state=seed).fit(usual) for seed in range(9)]
    yield "kmeans", [fit.transform(rows).min(axis=1) for fit in fits]
    # The exact kernel: what random features draw near to.
    yield "svm", [-OneClassSVM().fit(usual).decision_function(rows)]
    labels = np.r_[np.zeros(len(usual)), np.ones(len(bad))]
    trees = GradientBoostingClassifier(n_estimators=100, max_depth=3, learning_rate=0.1, random_state=1)
    yield "trees", [trees.fit(np.r_[usual, bad], labels).decision_function(rows)]


def main():
    for view in ["source", "destination"]:
        train, train_labels = read(sys.argv[1], view)
        test, test_labels = read(sys.argv[2], view)
        scaler = Scaler(train[~train_labels])
        for kind, values in scores(scaler(train[~train_labels]), scaler(train[train_labels]), scaler(test)):
            area = np.median([roc_auc_score(test_labels, each) for each in values])
            print(kind, view, f"{area:.4f}")


if __name__ == "__main__":
    main()
