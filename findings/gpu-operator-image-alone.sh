#!/usr/bin/env bash
# NVIDIA's GPU operator (github.com/NVIDIA/gpu-operator), 0.0.0-20250917190837 of September 2025: an image alone is a whole reference, and beside a version it is not.
#
# A ClusterPolicy says of each operand `repository`, `image` and `version`, and has defaults for what is left out, elsewhere. So one would expect
# `image` to be a name that the other two are put around, and a repository in it to do in place of `repository`:
#
#     toolkit: {repository: r.io/nvidia, image: container-toolkit, version: v1}      r.io/nvidia/container-toolkit:v1
#     toolkit: {image: "r.io/nvidia/container-toolkit:v1"}                           r.io/nvidia/container-toolkit:v1
#     toolkit: {image: r.io/nvidia/container-toolkit, version: v1}                   /r.io/nvidia/container-toolkit:v1, which is no reference
#     toolkit: {repository: r.io/nvidia, image: container-toolkit}                   r.io/nvidia/container-toolkit: with nothing after it
#
# The second is what tools write that put digests in. Who puts the three together finds no image there, and so no version either.
#
# Needs Go and the module proxy. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off

mkdir "$folder/finding"
cd "$folder/finding"
cat >main.go <<'GO'
package main

import (
	"fmt"

	v1 "github.com/NVIDIA/gpu-operator/api/nvidia/v1"
)

func main() {
	for _, each := range []v1.ToolkitSpec{
		{Repository: "r.io/nvidia", Image: "container-toolkit", Version: "v1"},
		{Image: "r.io/nvidia/container-toolkit:v1"},
		{Image: "r.io/nvidia/container-toolkit", Version: "v1"},
		{Repository: "r.io/nvidia", Image: "container-toolkit"},
	} {
		path, err := v1.ImagePath(&each)
		if err != nil {
			panic(err)
		}
		fmt.Println(path)
	}
}
GO
{
	go mod init example.org/finding
	go get github.com/NVIDIA/gpu-operator/api/nvidia/v1@v0.0.0-20250917190837-d73a0086a6ba
	go build -trimpath -o shown .
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(./shown)
wanted='r.io/nvidia/container-toolkit:v1
r.io/nvidia/container-toolkit:v1
/r.io/nvidia/container-toolkit:v1
r.io/nvidia/container-toolkit:'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
