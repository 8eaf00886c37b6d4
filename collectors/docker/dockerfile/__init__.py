"""Dockerfiles: what each stage is made of, as BuildKit reads it, and where each part stands.

Of this file::

    1  ARG TAG=3.12
    2  FROM python:${TAG} AS build
    3  RUN --mount=type=secret,id=hf <<EOF
    4  hf download org/model
    5  EOF
    6  FROM build
    7  USER app

two stages come out, with values put in for variables::

    base: python:3.12   name: build   RUN {texts: [...], mounts: [{type: secret, id: hf}]}  line 3
    base: build                       USER {words: [app]}                                   line 7

``lines`` puts lines together, ``instructions`` knows what each keyword takes, ``flags`` what its
options say, ``words`` puts variables in, ``stages`` goes through it all as a build does, and
``recogniser`` takes files by what they are called. BuildKit's own parser is the oracle of the
tests. What nobody gives (a build argument without a default, the environment of a base image) is
open, as a variable of a compose file is: ``{{ NAME }}``.
"""
