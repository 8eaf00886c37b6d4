"""Files and what is written in them: folders, YAML and JSON with their lines; for any platform.

From the outside in::

    collector       a target of files: what there is (walk), cut into shards
    reading         one file: its digest; by its name whole, as JSON, or as YAML
    yaml_file       its documents: yaml_documents > blocks > lines, or > yaml_reader > libyaml
    json_file       its values: json_stream > the look of a recogniser
    recognise       whose a document is: what a platform brings

``guards`` looks at a text before any parser does, ``ledger`` takes down what could not be read,
``positions``, ``json_positions`` and ``json_text`` know the lines. Nothing here knows a platform.
"""
