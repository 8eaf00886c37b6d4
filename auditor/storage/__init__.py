"""Object storage: where bundles and reports go, and come from, that are in no file system.

One module a service, each an :class:`auditor.stores.Store` by the scheme of its URIs. They move
bytes; what is in them, who stands for it and what is done when they don't arrive is not theirs.
"""
