#!/usr/bin/env bash
# Kubernetes (k8s.io/kubernetes), 1.37.2: a kubelet that is configured by drop-ins alone takes requests without credentials.
#
# Without any file a kubelet keeps to what its flags did before there were files. As soon as it is given a KubeletConfiguration,
# what that does not say has the defaults of the type, which are the safe ones. So one would expect the same of one that
# comes as a drop-in, as it is of the same kind, version and syntax:
#
#     kubelet --config FILE         with {podPidsLimit: 4096}     anonymous: false   Webhook       no read-only port
#     kubelet --config-dir FOLDER   with {podPidsLimit: 4096}     anonymous: true    AlwaysAllow   readOnlyPort: 10255
#
# Drop-ins are laid over what the flags come to, and only what is absent after that has the defaults of the type. A null there
# makes it absent: `readOnlyPort: null` closes the port, and leaving the line out opens it.
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
mkdir drop-ins nulls
file 'podPidsLimit: 4096' | tee whole.yaml >drop-ins/10.conf
file 'podPidsLimit: 4096' 'readOnlyPort: null' >nulls/10.conf
told() { # FLAG VALUE
	./kubelet "$1" "$2" --root-dir "$folder/root" --cert-dir "$folder/pki" >said 2>&1 || true
	sed -n '/Effective KubeletConfiguration/,/^ >/p' said | tr -d '\t' | awk '
		/^[a-z]/ { top = $1 }
		$1 == "anonymous:" { getline; print "anonymous", $2 }
		top == "authorization:" && $1 == "mode:" { print $2 }
		/^(readOnlyPort|podPidsLimit):/ { print }' | tr '\n' ' '
}
found="file: $(told --config whole.yaml)
drop-in: $(told --config-dir drop-ins)
null: $(told --config-dir nulls)"
wanted='file: anonymous false Webhook podPidsLimit: 4096 
drop-in: anonymous true AlwaysAllow podPidsLimit: 4096 readOnlyPort: 10255 
null: anonymous true AlwaysAllow podPidsLimit: 4096 '
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
