#!/usr/bin/env bash
# distribution/reference (Go), 0.6.0, and Docker's SDK (docker on PyPI), 7.1.0: a capital letter makes the first part of an image's name a host.
#
# A first part is a host if it has a dot or a colon, or is localhost: so it stands in documentation, and so the SDK has it. One would
# expect of `Harbor/team/app` that it is on Docker Hub like `harbor/team/app`, or an error, as capitals are no part of names there:
#
#                        engines, containerd, Kubernetes     the SDK, where it looks for credentials
#     harbor/team/app    docker.io, harbor/team/app          docker.io, harbor/team/app
#     Harbor/team/app    Harbor, team/app                    docker.io, Harbor/team/app
#     localhost/app      localhost, app                      localhost, app
#     Localhost/app      Localhost, app                      docker.io, Localhost/app
#
# So a name with a capital letter is asked of a host of that name, and a program that goes by the documentation shows another one.
#
# Needs Go, Python, the module proxy and the package registry. Ends with 0 while both behave as written above.
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
	"os"

	"github.com/distribution/reference"
)

func main() {
	for _, text := range os.Args[1:] {
		named, err := reference.ParseDockerRef(text)
		if err != nil {
			panic(err)
		}
		fmt.Println("go", text, reference.Domain(named), reference.Path(named))
	}
}
GO
{
	go mod init example.org/finding
	go get github.com/distribution/reference@v0.6.0
	go build -trimpath -o shown .
	python3 -m venv venv
	venv/bin/pip install --quiet --disable-pip-version-check docker==7.1.0
} >log 2>&1 || {
	cat log >&2
	exit 1
}
names=(harbor/team/app Harbor/team/app localhost/app Localhost/app)
sdk='import sys
from docker.auth import resolve_repository_name
for each in sys.argv[1:]:
    print("sdk", each, *resolve_repository_name(each))'
found=$(
	./shown "${names[@]}"
	venv/bin/python -c "$sdk" "${names[@]}"
)
wanted='go harbor/team/app docker.io harbor/team/app
go Harbor/team/app Harbor team/app
go localhost/app localhost app
go Localhost/app Localhost app
sdk harbor/team/app docker.io harbor/team/app
sdk Harbor/team/app docker.io Harbor/team/app
sdk localhost/app localhost app
sdk Localhost/app docker.io Localhost/app'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
