#!/usr/bin/env bash
# Kubernetes (k8s.io/kubernetes), 1.37.2: a kubelet leaves a folder of drop-ins out that is a link, and reads what lies below one that is none.
#
# Folders of drop-ins are those of systemd, cron or containerd: all files of one ending that stand in the folder, wherever a link
# leads to it. So one would expect of /etc/kubelet.d, a link to a folder with 10.conf, more/20.conf and .30.conf, that 10.conf counts:
#
#     --config-dir FOLDER             10.conf, more/20.conf and .30.conf count
#     --config-dir LINK               nothing counts, and nobody says so
#     --config-dir LINK/              all three again
#
# The folder is walked, and the walk begins without following a link; a slash at its end has the system follow it. Hidden files
# are files like all others to it, so what an editor or a ConfigMap leaves below counts as well.
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
mkdir -p drop-ins/more
ln -s drop-ins link
file >plain.yaml
file 'podPidsLimit: 10' >drop-ins/10.conf
file 'containerLogMaxFiles: 20' >drop-ins/more/20.conf
file 'maxPods: 30' >drop-ins/.30.conf
told() { # FOLDER
	./kubelet --config plain.yaml --config-dir "$1" --root-dir "$folder/root" --cert-dir "$folder/pki" >said 2>&1 || true
	sed -n '/Effective KubeletConfiguration/,/^ >/p' said | tr -d '\t' |
		grep -E '^(containerLogMaxFiles|maxPods|podPidsLimit):' | tr '\n' ' '
}
found="folder: $(told drop-ins)
link: $(told link)
link/: $(told link/)"
wanted='folder: containerLogMaxFiles: 20 maxPods: 30 podPidsLimit: 10 
link: containerLogMaxFiles: 5 maxPods: 110 podPidsLimit: -1 
link/: containerLogMaxFiles: 20 maxPods: 30 podPidsLimit: 10 '
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
