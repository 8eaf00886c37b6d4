#!/usr/bin/env bash
# cel-go (google/cel-go), 0.26.0 against 0.28.0: a leading dot inside a macro.
#
# In CEL a leading dot says "from the root": `.y` is the variable y that the program was given, also
# where a macro has a variable of its own called y. With y = "b":
#
#     ['a'].exists(y, .y == 'b')      0.26.0: false     0.28.0: true
#     ['a'].map(y, .y)                0.26.0: ["a"]     0.28.0: ["b"]
#
# Both versions compile the expression without a warning. Kubernetes 1.35 and 1.36 carry cel-go 0.26,
# 1.37 carries 0.29, so a ValidatingAdmissionPolicy that writes this decides otherwise after an
# upgrade of the API server, in either direction, and nothing in the policy has changed.
#
# Needs Go (1.23 or newer) and the module proxy. Ends with 0 while both behave as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off

cat >"$folder/main.go" <<'GO'
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/google/cel-go/cel"
)

func main() {
	env, err := cel.NewEnv(cel.Variable("y", cel.StringType))
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range os.Args[1:] {
		ast, issues := env.Compile(text)
		if issues.Err() != nil {
			log.Fatal(issues.Err())
		}
		program, err := env.Program(ast)
		if err != nil {
			log.Fatal(err)
		}
		value, _, err := program.Eval(map[string]any{"y": "b"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(value.Value())
	}
}
GO

failed=0
check() { # VERSION EXPECTED...
	local version=$1 found
	shift
	mkdir "$folder/$version"
	cp "$folder/main.go" "$folder/$version/"
	found=$(
		cd "$folder/$version"
		go mod init example.org/finding >log 2>&1 && go get "github.com/google/cel-go/cel@$version" >>log 2>&1 || {
			cat log >&2
			exit 1
		}
		go run . "['a'].exists(y, .y == 'b')" "['a'].exists(y, y == 'b')" "['a'].map(y, .y)[0] == 'a'"
	)
	echo "cel-go $version:" $found
	if [ "$(echo $found)" != "$*" ]; then
		echo "  changed: expected $*" >&2
		failed=1
	fi
}

check v0.26.0 false false true
check v0.28.0 true false false
exit "$failed"
