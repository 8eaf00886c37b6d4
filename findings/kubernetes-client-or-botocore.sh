#!/usr/bin/env bash
# kubernetes 37.0.2 and botocore 1.44.8 (Python): no environment can hold both.
#
# One is the official client of Kubernetes, the other is what every AWS library for Python stands on (boto3, s3fs, moto). Who
# audits or runs EKS has both at hand, and both are careful: each asks for a range of its dependencies. One would
# swear that the newest of both go together:
#
#                              python-dateutil
#     kubernetes 37.0.2        >=3.0.0
#     botocore 1.44.8          >=2.1,<3.0.0
#
# A resolver that is given names without versions does not say so: it goes back through releases of botocore, of which
# there are thousands, one download after another. So name both versions, or keep them in two environments.
#
# Needs Python and its package registry. Ends with 0 while both behave as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip"

resolved() {
    "$pip" install --disable-pip-version-check --dry-run "$@" >"$folder/said" 2>&1 && echo yes || echo no
}

each="$(resolved kubernetes==37.0.2) $(resolved botocore==1.44.8)"
both=$(resolved kubernetes==37.0.2 botocore==1.44.8)
why=$(grep -o 'depends on python-dateutil.*' "$folder/said" | sort -u | tr '\n' ';')

echo "each alone: $each; both: $both; why: $why"
[ "$each" = "yes yes" ]
[ "$both" = "no" ]
[ "$why" = "depends on python-dateutil<3.0.0 and >=2.1;depends on python-dateutil>=3.0.0;" ]
