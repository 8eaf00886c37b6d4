#!/usr/bin/env bash
# Kubernetes (k8s.io/kubernetes), 1.37.2: what a kubelet leaves out of its file for its spelling counts in a drop-in, for some fields.
#
# Names of fields are compared letter by letter everywhere in Kubernetes, so `ReadOnlyPort` is no field. In the file of --config it is
# left out, and the log says so. One would expect the same of a drop-in, or an error:
#
#     ReadOnlyPort: 10255, PodPidsLimit: 4096     in the file        both are left out, with a line in the log
#                                                 in a drop-in       the port is open, the limit is not there; no word of either
#
# A merged configuration is read by a library that doesn't look at case, after its keys were sorted. A field with a default is there under
# its own name by then, which comes after a capital letter and counts; one without a default is not. `podpidsLimit` comes later, and counts.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy. The real kubelet prints what it came to, and is given a
# number that it refuses right after that: nothing is started. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off CGO_ENABLED=0

mkdir "$folder/finding"
cd "$folder/finding"
version=1.37.2
{
	go mod init example.org/finding
	go mod edit -require "k8s.io/kubernetes@v$version"
	go mod download k8s.io/kubernetes
	# the modules of its own repository are at the version of the release, and nowhere else
	grep -oE '^	k8s.io/[a-z-]+ =>' "$GOPATH/pkg/mod/k8s.io/kubernetes@v$version/go.mod" | cut -f2 | cut -d' ' -f1 |
		while read -r module; do go mod edit -replace "$module=$module@v0.${version#1.}"; done
	go build -trimpath -o kubelet k8s.io/kubernetes/cmd/kubelet
} >log 2>&1 || {
	cat log >&2
	exit 1
}

file() { printf '%s\n' 'apiVersion: kubelet.config.k8s.io/v1beta1' 'kind: KubeletConfiguration' 'maxOpenFiles: -1' "$@"; }
mkdir none capitals lower
file >plain.yaml
file 'ReadOnlyPort: 10255' 'PodPidsLimit: 4096' | tee odd.yaml >capitals/10.conf
file 'podpidsLimit: 4096' >lower/10.conf
told() { # FILE FOLDER
	./kubelet --config "$1" --config-dir "$2" --root-dir "$folder/root" --cert-dir "$folder/pki" >said 2>&1 || true
	sed -n '/Effective KubeletConfiguration/,/^ >/p' said | tr -d '\t' | grep -E '^(readOnlyPort|podPidsLimit):' | tr '\n' ' '
	echo "said: $(grep -c 'strict decoding' said)"
}
found="file: $(told odd.yaml none)
drop-in: $(told plain.yaml capitals)
drop-in: $(told plain.yaml lower)"
wanted='file: podPidsLimit: -1 said: 1
drop-in: podPidsLimit: -1 readOnlyPort: 10255 said: 0
drop-in: podPidsLimit: 4096 said: 0'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
