// Command vcsim serves a simulated vCenter, or a single ESXi host, over TLS on the loopback.
//
// Usage: vcsim -user U -password P -certificate FILE -key FILE [-esx] [-clusters N] [-hosts N] [-machines N]
// [-load FOLDER] [-exceptions A,B] [-acceptance LEVEL] [-module OPTIONS]. It prints its address, and ends when its
// input does. It serves tags over its REST API as well.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

func main() {
	user := flag.String("user", "", "who may log in")
	password := flag.String("password", "", "with what")
	certificate := flag.String("certificate", "", "a PEM file")
	key := flag.String("key", "", "a PEM file")
	esx := flag.Bool("esx", false, "a single host")
	clusters := flag.Int("clusters", 1, "clusters")
	hosts := flag.Int("hosts", 2, "hosts of a cluster")
	machines := flag.Int("machines", 2, "machines of a pool")
	load := flag.String("load", "", "a saved inventory")
	exceptions := flag.String("exceptions", "", "who is exempt from lockdown on each host")
	acceptance := flag.String("acceptance", "partner", "whose packages each host takes")
	options := flag.String("module", "", "options of the driver of GPUs on each host")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	} else {
		model.Cluster, model.ClusterHost, model.Host = *clusters, *hosts, 0
	}
	model.Machine = *machines
	if err := create(model, *load); err != nil {
		fail(err)
	}
	defer model.Remove()
	addManagers(model, *exceptions, *acceptance, *options)
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	if err != nil {
		fail(err)
	}
	model.Service.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	model.Service.RegisterEndpoints = true
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(*user, *password)}
	server := model.Service.NewServer()
	defer server.Close()
	fmt.Println(server.URL.Host)
	io.Copy(io.Discard, os.Stdin)
}

func create(model *simulator.Model, folder string) error {
	if folder == "" {
		return model.Create()
	}
	return model.Load(folder)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
