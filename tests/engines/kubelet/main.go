// Command kubelet serves what a kubelet serves on its port, by Kubernetes' own code: who asks and what they may is
// decided by an API server, and /configz has its defaults with a file over them. It runs no pods.
//
// Usage: kubelet -node NAME -settings FILE -certificate FILE -key FILE -server URL -token TOKEN -authority FILE.
// It prints its port and ends when its input does.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/configz"
	kubeletv1beta1 "k8s.io/kubelet/config/v1beta1"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/apis/config/scheme"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	"k8s.io/kubernetes/pkg/kubelet/server"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

type noHost struct{ server.HostInterface }

func main() {
	node := flag.String("node", "", "the name of the node")
	settings := flag.String("settings", "", "a KubeletConfiguration")
	certificate := flag.String("certificate", "", "a PEM file")
	key := flag.String("key", "", "a PEM file")
	address := flag.String("server", "", "the address of the API server")
	token := flag.String("token", "", "of one who may review tokens and access")
	authority := flag.String("authority", "", "a PEM file")
	flag.Parse()

	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, *settings)
	check(err)
	set, err := loader.Load(context.Background())
	check(err)
	client := kubernetes.NewForConfigOrDie(&rest.Config{
		Host:            *address,
		BearerToken:     *token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: *authority},
	})
	auth, _, err := app.BuildAuth(types.NodeName(*node), client, *set)
	check(err)
	publish(set)

	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	handler := server.NewServer(context.Background(), noHost{}, nil, nil, nil, auth, set)
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}})
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go http.Serve(secure, &handler)
	io.Copy(io.Discard, os.Stdin)
}

// publish registers what is told at /configz, as the kubelet does when it starts.
func publish(set *config.KubeletConfiguration) {
	registered, err := configz.New("kubeletconfig")
	check(err)
	scheme, _, err := scheme.NewSchemeAndCodecs()
	check(err)
	var versioned kubeletv1beta1.KubeletConfiguration
	check(scheme.Convert(set, &versioned, nil))
	versioned.SetGroupVersionKind(kubeletv1beta1.SchemeGroupVersion.WithKind("KubeletConfiguration"))
	check(registered.Set(&versioned))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
