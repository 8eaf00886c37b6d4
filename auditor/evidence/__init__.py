"""What was read, kept: the folder that a run can be judged from again."""
