module gotar

go 1.26.0
