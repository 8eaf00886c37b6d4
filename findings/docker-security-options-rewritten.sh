#!/usr/bin/env bash
# Docker (moby, docker/cli), 20.10.24: what `--security-opt` was given is not what `docker inspect` shows under SecurityOpt.
#
# One would expect HostConfig.SecurityOpt to be the list of the options of `docker run`, as CapAdd is that of `--cap-add`:
#
#     docker create --security-opt no-new-privileges ...        SecurityOpt ["no-new-privileges"]
#     docker create --security-opt systempaths=unconfined ...   SecurityOpt []      MaskedPaths [], ReadonlyPaths []
#     docker create --pid host ...                              SecurityOpt ["label=disable"]
#
# The client takes `systempaths` out of the list and sends two empty lists in its place; the engine puts `label=disable`
# in where namespaces of the host are shared, whether the host has SELinux or not. So who looks for an option there misses
# the first, and blames the user for the second.
#
# Needs root, Debian 12's package archive (nothing is installed) and cgroups. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
server=""
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT

cd "$folder"
apt-get download -qq \
  docker.io=20.10.24+dfsg1-1+deb12u1+b6 containerd=1.6.20~ds1-1+deb12u3 runc=1.1.5+ds1-1+deb12u1 2>"$folder/apt.log"
for package in *.deb; do dpkg -x "$package" root; done
export PATH="$folder/root/usr/sbin:$folder/root/usr/bin:$PATH" DOCKER_HOST="unix://$folder/d.sock"
dockerd --host "$DOCKER_HOST" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" \
  --bridge=none --iptables=false >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do docker version >/dev/null 2>&1 && break || sleep 0.3; done

mkdir empty && tar -C empty -c . | docker import - empty:test >/dev/null
seen() {
  docker create --name "$1" "${@:2}" empty:test true >/dev/null
  docker inspect -f '{{json .HostConfig.SecurityOpt}} {{len .HostConfig.MaskedPaths}} {{len .HostConfig.ReadonlyPaths}}' "$1"
}
found=$(
  seen plain --security-opt no-new-privileges
  seen paths --security-opt systempaths=unconfined
  seen shared --pid host
)
wanted='["no-new-privileges"] 10 5
[] 0 0
["label=disable"] 10 5'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
