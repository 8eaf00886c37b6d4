#!/usr/bin/env bash
# NVIDIA's device plugin (github.com/NVIDIA/k8s-device-plugin) 0.18.0 and GPU operator (github.com/NVIDIA/gpu-operator) 0.0.0-20250917190837 of September
# 2025: the only configuration of a ConfigMap is in effect everywhere with the plugin's chart, and nowhere with the operator.
#
# Both name a ConfigMap whose texts nodes select by the label nvidia.com/device-plugin.config, and both have the same config-manager copy the
# text of a node to the plugin. So one would expect that a ConfigMap means the same with both. Where no text is named as the default:
#
#     texts           the chart (named,single)     the operator (empty)
#     any             any                          none
#     default         default                      none
#     any, other      refused                      none
#
# The chart sets FALLBACK_STRATEGIES to the first two strategies, the operator to the third alone. Who takes the one for the other tells of
# GPUs that are shared where none is, or the other way round.
#
# Needs Go and the module proxy. Ends with 0 while it behaves as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off
plugin=github.com/NVIDIA/k8s-device-plugin@v0.18.0
operator=github.com/NVIDIA/gpu-operator/controllers@v0.0.0-20250917190837-d73a0086a6ba

mkdir "$folder/finding" "$folder/empty"
cd "$folder/empty"
go mod init example.org/empty >"$folder/log" 2>&1
source=$(go mod download -json "$plugin" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r "$source" "$folder/plugin"
chmod -R u+w "$folder/plugin"
cat >"$folder/plugin/cmd/config-manager/shown_test.go" <<'GO'
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cli "github.com/urfave/cli/v2"
)

func TestShown(t *testing.T) {
	for _, texts := range []string{"any", "default", "any,other"} {
		for _, fallbacks := range []string{"named,single", "empty"} {
			folder := t.TempDir()
			for _, name := range strings.Split(texts, ",") {
				if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			strategies := *cli.NewStringSlice(strings.Split(fallbacks, ",")...)
			name, err := updateConfigName("", &Flags{ConfigFileSrcdir: folder, FallbackStrategies: strategies})
			if err != nil {
				name = "refused"
			} else if name == "" {
				name = "none"
			}
			fmt.Printf("shown: %s with %s: %s\n", texts, fallbacks, name)
		}
	}
}
GO

cd "$folder/finding"
cat >main.go <<'GO'
package main

import (
	"fmt"

	v1 "github.com/NVIDIA/gpu-operator/api/nvidia/v1"
	"github.com/NVIDIA/gpu-operator/controllers"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func main() {
	set := &appsv1.DaemonSet{}
	pod := &set.Spec.Template.Spec
	pod.InitContainers = []corev1.Container{{Name: "config-manager-init"}}
	pod.Containers = []corev1.Container{{Name: "nvidia-device-plugin"}, {Name: "config-manager"}}
	spec := &v1.ClusterPolicySpec{}
	spec.DevicePlugin.Repository, spec.DevicePlugin.Image, spec.DevicePlugin.Version = "r.io", "p", "v1"
	spec.DevicePlugin.Config = &v1.DevicePluginConfig{Name: "plugin-config"}
	if err := controllers.TransformDevicePlugin(set, spec, controllers.ClusterPolicyController{}); err != nil {
		panic(err)
	}
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		for _, variable := range container.Env {
			if variable.Name == "FALLBACK_STRATEGIES" {
				fmt.Println("operator:", container.Name, variable.Value)
			}
		}
	}
}
GO
{
	go mod init example.org/finding
	go get "$operator"
	go build -trimpath -o shown .
	cd "$folder/plugin"
	go test -trimpath -count=1 -run Shown -v ./cmd/config-manager
} >>"$folder/log" 2>&1 || {
	cat "$folder/log" >&2
	exit 1
}
found=$(
	grep -o 'fallbackStrategies: .*' "$folder/plugin/deployments/helm/nvidia-device-plugin/values.yaml"
	"$folder/finding/shown"
	grep '^shown:' "$folder/log"
)
wanted='fallbackStrategies: ["named" , "single"]
operator: config-manager-init empty
operator: config-manager empty
shown: any with named,single: any
shown: any with empty: none
shown: default with named,single: default
shown: default with empty: none
shown: any,other with named,single: refused
shown: any,other with empty: none'
echo "$found"
[ "$found" = "$wanted" ] || { echo "changed: expected"; echo "$wanted"; exit 1; }
