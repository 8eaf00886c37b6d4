"""Reads from a server over HTTP, for any platform: what may be sent, how long, how often, why not.

A platform brings four things: a :class:`~collectors.http.guard.Guard` with the requests that may
leave the process, a :class:`~collectors.http.client.Session` with the credentials and the
connections, a :class:`~collectors.http.dialect.Dialect` with the words for its users, and a
:class:`~collectors.http.patience.Patience`. Nothing here knows a platform.
"""
