"""Charts and kustomizations as their own tools render them, when a person asks for it (ADR 0022).

From the outside in::

    rendering     every tree of a folder: what came out of it, or why nothing did
    kustomize     what a root includes; what would be fetched or is outside of the target is refused
    helm          a chart, with the values that the user gave
    standing      where the template of a rendered object stands
    programs      which program, and its version
    sandbox       one program: no network, no plugins, a time, a size; nobody outlives it

Nothing that is read of the target turns any of this on, or names a program.
"""
