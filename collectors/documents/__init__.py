"""Files and what is written in them: folders, YAML and JSON with their lines; for any platform."""
