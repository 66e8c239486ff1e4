package bootstrap

import (
	"time"

	"github.com/kindctl/kindctl/internal/plan"
)

// Plan is the recipe of "up". Estimates are for three nodes on two cores with
// the images present.
func (u *Up) Plan() []plan.Phase {
	if u.From != nil {
		return u.restorePlan()
	}
	dry := dryRun{u}
	return []plan.Phase{
		{Name: "preflight", Title: "Check the host", Estimate: time.Second, Run: u.preflight},
		{Name: "existing", Title: "Check for an existing cluster", Estimate: time.Second, Run: u.existing, DryRun: dry.existing},
		{Name: "images", Title: "Resolve the images", Estimate: time.Second, Run: u.images, DryRun: dry.images},
		{Name: "create", Title: "Create the containers", Estimate: 6 * time.Second, Run: u.create, DryRun: dry.create, Undo: u.remove},
		{Name: "init", Title: "Initialize the control plane", Estimate: 12 * time.Second, Run: u.initialize, DryRun: plan.Nothing},
		{Name: "load", Title: "Load images into the nodes", Estimate: 30 * time.Second, Skip: u.nothingToLoad, Run: u.load, DryRun: dry.load},
		{Name: "cni", Title: "Install the CNI", Estimate: 3 * time.Second, Skip: u.noCNI, Run: u.installCNI, DryRun: dry.cni},
		{Name: "dns", Title: "Shorten CoreDNS's readiness probe", Estimate: time.Second, Skip: u.asInProduction, Run: u.speedUpDNS, DryRun: dry.dns},
		{Name: "join", Title: "Join the remaining nodes", Estimate: 5 * time.Second, Run: u.join, DryRun: plan.Nothing},
		{Name: "traits", Title: "Set labels and limits of nodes", Estimate: time.Second, Skip: u.noNodeConfig, Run: u.configureNodes, DryRun: dry.nodeConfig},
		{Name: "nodes", Title: "Wait until the nodes are ready", Estimate: 15 * time.Second, Skip: u.noCNI, Run: u.waitForNodes, DryRun: plan.Nothing},
		{Name: "workloads", Title: "Wait until the system pods are ready", Estimate: 10 * time.Second, Skip: u.noWorkloads, Run: u.waitForWorkloads, DryRun: plan.Nothing},
		{Name: "manifests", Title: "Apply the manifests", Estimate: 20 * time.Second, Skip: u.noManifests, Run: u.applyManifests, DryRun: dry.manifests},
		{Name: "verify", Title: "Verify every component", Estimate: 15 * time.Second, Run: u.verify, DryRun: dry.verify},
		{Name: "kubeconfig", Title: "Merge the kubeconfig", Estimate: time.Second, Skip: u.pooled, Run: u.mergeKubeconfig, DryRun: dry.kubeconfig},
	}
}
