#!/usr/bin/env bash
# Kubernetes (k8s.io/kube-aggregator), 1.37.2: a flag about other API servers decides which Services admission webhooks may have.
#
# A webhook names a Service, and one would expect that the API server asks it as any client in the cluster does: by its name, at
# whatever address that has. So a Service without a cluster IP would do, and one that stands for a name elsewhere would too. Which
# of them is asked hangs on --enable-aggregator-routing, of which the help says that requests of the aggregator then go to the
# addresses of endpoints:
#
#     kind of Service                      without the flag (as by itself)     with it
#     ClusterIP                            the cluster IP                      an endpoint
#     ClusterIP without an address         nothing is asked                    an endpoint
#     ExternalName                         the name elsewhere                  nothing is asked
#     a port that the Service lacks        nothing is asked                    nothing is asked
#
# Where nothing is asked, the failurePolicy of the webhook decides: with Ignore, all of it is let in.
#
# Needs Go (1.27 or newer, or one that fetches it) and the module proxy; the resolvers are those that kube-apiserver hands to its
# webhooks. Ends with 0 while they behave as written above.
set -euo pipefail

folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOPATH="$folder/go" GOFLAGS=-mod=mod GOWORK=off

mkdir "$folder/finding"
cat >"$folder/finding/main.go" <<'GO'
package main

import (
	"fmt"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kube-aggregator/pkg/apiserver"
)

type endpoints struct{}

func (endpoints) GetEndpointSlices(_, service string) ([]*discovery.EndpointSlice, error) {
	port, name := int32(8443), ""
	return []*discovery.EndpointSlice{{
		AddressType: discovery.AddressTypeIPv4,
		Endpoints:   []discovery.Endpoint{{Addresses: []string{"192.0.2.7"}}},
		Ports:       []discovery.EndpointPort{{Name: &name, Port: &port}},
	}}, nil
}

func main() {
	https := []core.ServicePort{{Port: 443}}
	kinds := []struct {
		name string
		spec core.ServiceSpec
	}{
		{"ClusterIP", core.ServiceSpec{Type: core.ServiceTypeClusterIP, ClusterIP: "10.0.0.9", Ports: https}},
		{"ClusterIP without an address", core.ServiceSpec{Type: core.ServiceTypeClusterIP, ClusterIP: core.ClusterIPNone, Ports: https}},
		{"ExternalName", core.ServiceSpec{Type: core.ServiceTypeExternalName, ExternalName: "guard.example"}},
		{"another port", core.ServiceSpec{Type: core.ServiceTypeClusterIP, ClusterIP: "10.0.0.9", Ports: []core.ServicePort{{Port: 8443}}}},
	}
	for _, kind := range kinds {
		known := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
		if err := known.Add(&core.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "sec", Name: "guard"}, Spec: kind.spec}); err != nil {
			panic(err)
		}
		services := v1.NewServiceLister(known)
		for _, way := range []struct {
			name     string
			resolver apiserver.ServiceResolver
		}{
			{"without the flag", apiserver.NewClusterIPServiceResolver(services)},
			{"with it", apiserver.NewEndpointServiceResolver(services, endpoints{})},
		} {
			asked := "nothing is asked"
			if found, err := way.resolver.ResolveEndpoint("sec", "guard", 443); err == nil {
				asked = found.Host
			}
			fmt.Printf("%s, %s: %s\n", kind.name, way.name, asked)
		}
	}
}
GO

cd "$folder/finding"
{
	go mod init example.org/finding
	go mod edit -require k8s.io/kube-aggregator@v0.37.2
	go mod tidy
} >log 2>&1 || {
	cat log >&2
	exit 1
}
found=$(go run . 2>log) || {
	cat log >&2
	exit 1
}
echo "$found"
expected="ClusterIP, without the flag: 10.0.0.9:443
ClusterIP, with it: 192.0.2.7:8443
ClusterIP without an address, without the flag: nothing is asked
ClusterIP without an address, with it: 192.0.2.7:8443
ExternalName, without the flag: guard.example:443
ExternalName, with it: nothing is asked
another port, without the flag: nothing is asked
another port, with it: nothing is asked"
if [ "$found" != "$expected" ]; then
	echo "  changed: expected $expected" >&2
	exit 1
fi
