// Command aggregation runs one controller of Kubernetes, that which fills aggregated ClusterRoles in.
//
// Usage: aggregation -server URL -token TOKEN -authority FILE. It ends when its input does.
package main

import (
	"context"
	"flag"
	"io"
	"os"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func main() {
	server := flag.String("server", "", "the address of the API server")
	token := flag.String("token", "", "of an administrator")
	authority := flag.String("authority", "", "a PEM file")
	flag.Parse()

	config := &rest.Config{
		Host:            *server,
		BearerToken:     *token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: *authority},
		QPS:             200,
		Burst:           400,
	}
	client := kubernetes.NewForConfigOrDie(config)
	shared := informers.NewSharedInformerFactory(client, 0)
	controller := clusterroleaggregation.NewClusterRoleAggregation(
		shared.Rbac().V1().ClusterRoles(), client.RbacV1())

	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	shared.Start(ctx.Done())
	controller.Run(ctx, 5)
}
