"""Who shares a GPU with whom, by which mechanism, with what isolation, and how certain that is.

The words, by an example. On node ``a`` stands a GPU that is cut into two MIG instances, of which
the second is time-sliced::

    GPU-1                                 a *device*
      mig 7        pod vision/train       a *grant*: path (mig 7)
      mig 9
        replica 0  pod llm/chat           a grant: path (mig 9, replica 0)
        replica 1  pod web/rank           a grant: path (mig 9, replica 1)

Two pods on one device are kept apart by the first step at which their paths differ. ``train`` and
``chat`` differ at the MIG instance: hardware partitions the memory and contains faults. ``chat``
and ``rank`` have the instance in common and differ at the replica: they take turns, and nothing
isolates them. Each step has an *isolation*, a vector of five qualities, and a *level* that follows
from it (:mod:`isolation`); a *share* is two tenants on a device, with the weakest isolation between
their pods and the certainty of the two grants (:mod:`shares`).

Where it is only known how many pods got something of how many devices, counting decides whether two
tenants must share, or only may (:mod:`counting`).

A *source* reads grants from one mechanism's own objects. A *tenant* is whoever must be kept apart
from others: :mod:`tenants` says by which name.
"""
