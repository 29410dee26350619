"""churnrisk within scikit-learn: features of purchases, the learner on any table of numbers, and splits by time.

They are pickled as everything of scikit-learn is, and reading a pickle runs what its writer wished: read none that is
not your own. :meth:`churnrisk.ChurnModel.save` stores a model signed instead, and :func:`churnrisk.load` reads nothing
that no trusted key has signed.
"""

from churnrisk.sklearn.classifier import ChurnClassifier
from churnrisk.sklearn.features import PurchaseFeatures, make_snapshots
from churnrisk.sklearn.split import SnapshotSplit

__all__ = ["ChurnClassifier", "PurchaseFeatures", "SnapshotSplit", "make_snapshots"]
