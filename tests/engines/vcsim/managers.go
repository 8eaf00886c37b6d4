package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// What the simulator has no objects for: managers of each host, which tell what they are told to.

type accessManager struct {
	mo.HostAccessManager
	exceptions []string
}

func (m *accessManager) QueryLockdownExceptions(*types.QueryLockdownExceptions) soap.HasFault {
	return &methods.QueryLockdownExceptionsBody{
		Res: &types.QueryLockdownExceptionsResponse{Returnval: m.exceptions},
	}
}

type imageManager struct {
	mo.HostImageConfigManager
	acceptance string
}

func (m *imageManager) HostImageConfigGetAcceptance(*types.HostImageConfigGetAcceptance) soap.HasFault {
	return &methods.HostImageConfigGetAcceptanceBody{
		Res: &types.HostImageConfigGetAcceptanceResponse{Returnval: m.acceptance},
	}
}

type moduleSystem struct {
	mo.HostKernelModuleSystem
	options string
}

func (m *moduleSystem) QueryConfiguredModuleOptionString(req *types.QueryConfiguredModuleOptionString) soap.HasFault {
	body := &methods.QueryConfiguredModuleOptionStringBody{}
	if m.options == "" || req.Name != "nvidia" {
		body.Fault_ = simulator.Fault("", &types.NotFound{})
		return body
	}
	body.Res = &types.QueryConfiguredModuleOptionStringResponse{Returnval: m.options}
	return body
}

// addManagers gives each host managers of its own.
func addManagers(model *simulator.Model, exceptions, acceptance, options string) {
	for _, each := range model.Map().All("HostSystem") {
		host := each.(*simulator.HostSystem)
		access := reference("HostAccessManager", host)
		image := reference("HostImageConfigManager", host)
		modules := reference("HostKernelModuleSystem", host)
		var excepted []string
		if exceptions != "" {
			excepted = strings.Split(exceptions, ",")
		}
		model.Map().Put(&accessManager{mo.HostAccessManager{Self: access}, excepted})
		model.Map().Put(&imageManager{mo.HostImageConfigManager{Self: image}, acceptance})
		model.Map().Put(&moduleSystem{mo.HostKernelModuleSystem{Self: modules}, options})
		host.ConfigManager.HostAccessManager = &access
		host.ConfigManager.ImageConfigManager = &image
		host.ConfigManager.KernelModuleSystem = &modules
	}
}

func reference(kind string, host *simulator.HostSystem) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind, Value: kind + "-" + host.Self.Value}
}
