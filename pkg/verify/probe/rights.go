package probe

import "github.com/kindctl/kindctl/pkg/verify"

// RightsOfNamespace go with Target.Namespace and Target.Close.
var RightsOfNamespace = []string{"create,list,delete namespaces", "list,watch serviceaccounts", "create,list,update leases.coordination.k8s.io"}

// RightsOfPods go with pods that the run makes.
var RightsOfPods = verify.JoinRights(RightsOfNamespace, []string{"create,list,watch pods", "list events"})

// RightsOfFleet go with Fleet and its probes.
var RightsOfFleet = verify.JoinRights(verify.RightsOfNodes, RightsOfPods, []string{"create,get pods/portforward", "create,get pods/exec"})

// RightsOfFleetServices go with fleetServices.
var RightsOfFleetServices = verify.JoinRights(RightsOfNamespace, []string{"create,get services"})
