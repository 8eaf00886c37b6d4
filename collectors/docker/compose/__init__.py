"""Compose files: what they come to, as Compose means it, and where each part of it stands.

Several files make one project. Of these two and ``.env`` with ``TAG=7``::

    compose.yaml                      compose.override.yaml
     1 services:                       1 services:
     2   web:                          2   web:
     3     image: "r.io/web:${TAG}"    3     privileged: true
     4     ports: ["8080:80"]          4     ports: ["127.0.0.1:9000:90"]

one service comes out, each field of which is a node that knows its file and line::

    image: r.io/web:7                             compose.yaml:3
    privileged: true                              compose.override.yaml:3
    ports: [{published: 8080, target: 80, …},     compose.yaml:4
            {host_ip: 127.0.0.1, …}]              compose.override.yaml:4

``nodes`` reads YAML, ``interpolation`` and ``dotenv`` put variables in, ``merge`` lays one file
over another, ``canonical`` makes long forms of short ones, ``loading`` does it all for the files of
a project, ``projects`` says which files are one, and ``recogniser`` hands out its services.
"""
