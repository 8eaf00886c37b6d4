"""What is seen of files of another machine: for every platform that looks at one."""
