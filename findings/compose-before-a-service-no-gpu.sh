#!/usr/bin/env bash
# Compose (compose-spec/compose-go), 2.16.2: a request for GPUs that is all of them for a service is none for what runs before it.
#
# What stands below pre_start is a container with all that a service may say. So one would expect the same words to mean the same:
#
#     services:
#       web:
#         gpus: [{driver: nvidia}]            count -1: every GPU
#         pre_start:
#           - gpus: [{driver: amd}]           no count, which is 0, and none of its own
#
#     gpus: all                               count -1 in both
#
# What is left out is put in for services and jobs, and not for what runs before one. A request without a number and without names gets
# nothing from the engine. Whoever judges such a file by what services mean says that it asks for all.
#
# Needs Go (1.26 or newer, or one that fetches it) and the module proxy; Compose's own loader reads the file. Ends with 0 while it
# behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0

mkdir "$folder/finding"
cd "$folder/finding"
cat >compose.yaml <<'YAML'
services:
  named: {image: a, gpus: [{driver: nvidia}], pre_start: [{command: x, cap_add: [A]}]}
  before: {image: a, pre_start: [{gpus: [{driver: nvidia}]}]}
  word: {image: a, pre_start: [{gpus: all}]}
YAML
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithName("x"))
	if err != nil {
		panic(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"named", "before", "word"} {
		service := project.Services[name]
		for _, request := range service.Gpus {
			fmt.Println(name, "itself:", request.Count)
		}
		for _, request := range service.PreStart[0].Gpus {
			fmt.Println(name, "before it:", request.Count)
		}
	}
}
GO
{
	go mod init example.org/finding
	go get github.com/compose-spec/compose-go/v2@v2.16.2
	go mod tidy
	go build -trimpath -o shown .
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(./shown)
wanted='named itself: -1
named before it: -1
before before it: 0
word before it: -1'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
