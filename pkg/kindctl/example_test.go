package kindctl_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/kindctl"
	"github.com/kindctl/kindctl/pkg/verify"
)

// A cluster with one node and Calico is created, used and removed.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	client := kindctl.New(kindctl.Options{})
	defer client.Close()

	topology, err := clusters.Profile("single")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name, topology.CNI = "demo", "calico"
	cluster, err := client.Up(ctx, kindctl.UpOptions{Topology: topology})
	if err != nil { // nothing is left of it
		log.Fatalf("%s: %v\n%s", hint.ReasonOf(err), err, hint.AdviceOf(err))
	}
	api, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		log.Fatal(err)
	}
	nodes, err := api.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(nodes.Items), "node")
	if _, err := client.Down(ctx, kindctl.DownOptions{Name: "demo"}); err != nil {
		log.Fatal(err)
	}
}

// Phases are printed when they end.
func ExampleNew() {
	client := kindctl.New(kindctl.Options{Sink: event.Func(func(e event.Event) {
		if e.Scope == event.Phase && e.Kind == event.Done {
			fmt.Println(e.Title, e.Message)
		}
	})})
	defer client.Close()
}

// One call is silent; both Clients have the same connection to Docker.
func ExampleClient_WithSink() {
	client := kindctl.New(kindctl.Options{Sink: event.Func(func(e event.Event) { fmt.Println(e.Title) })})
	defer client.Close()
	_, err := client.WithSink(nil).Verify(context.Background(), kindctl.VerifyOptions{})
	fmt.Println(err)
}

// A program says early that it needs Docker.
func ExampleClient_Open() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	if err := client.Open(context.Background()); err != nil {
		log.Fatalf("%v\n%s", err, hint.AdviceOf(err))
	}
}

// The cluster ends with this process, also if that is killed.
func ExampleClient_Up() {
	ctx := context.Background()
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	topology, err := clusters.Profile("ha")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name = "demo"
	if _, err := client.Up(ctx, kindctl.UpOptions{Topology: topology, Kubeconfig: "demo.kubeconfig", Ephemeral: true}); err != nil {
		log.Fatal(err)
	}
	defer func() {
		if _, err := client.Down(context.WithoutCancel(ctx), kindctl.DownOptions{Name: "demo", Kubeconfig: "demo.kubeconfig"}); err != nil {
			log.Print(err)
		}
	}()
}

// What is wrong with a cluster's description is said before Docker is asked.
func ExampleClient_Up_mistake() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	topology, err := clusters.Profile("ha")
	if err != nil {
		log.Fatal(err)
	}
	topology.ControlPlanes, topology.CNI = 2, "celium"
	_, err = client.Up(context.Background(), kindctl.UpOptions{Topology: topology})
	fmt.Println(hint.ReasonOf(err), hint.CodeOf(err))
	// Output: CONFIG_INVALID 2
}

// What would be removed is printed.
func ExampleClient_Down() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	removals, err := client.Down(context.Background(), kindctl.DownOptions{All: true, DryRun: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, removal := range removals {
		fmt.Println(removal.Cluster, len(removal.Containers), "containers")
	}
}

// Clusters that have expired are removed.
func ExampleClient_GC() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	sweep, err := client.GC(context.Background(), kindctl.GCOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, removal := range sweep.Clusters {
		fmt.Println(removal.Cluster, removal.Reason)
	}
}

// A stopped cluster is started and verified.
func ExampleClient_Start() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	result, err := client.Start(context.Background(), kindctl.StartOptions{Name: "demo"})
	fmt.Println(result.Report.Count(verify.Pass), "checks passed", err)
}

// A cluster's nodes are stopped; its data stays.
func ExampleClient_Stop() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	stopped, err := client.Stop(context.Background(), kindctl.StopOptions{Name: "demo"})
	fmt.Println(len(stopped), "containers", err)
}

// Two workers more.
func ExampleClient_AddNodes() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	result, err := client.AddNodes(context.Background(), kindctl.AddNodesOptions{Name: "demo", Count: 2})
	fmt.Println(result.Added, err)
}

// A role that does not exist is refused before Docker is asked.
func ExampleClient_AddNodes_mistake() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	_, err := client.AddNodes(context.Background(), kindctl.AddNodesOptions{Name: "demo", Role: "master"})
	fmt.Println(err)
	fmt.Println(hint.AdviceOf(err))
	// Output:
	// there is no role "master"
	// use one of: worker, control-plane
}

// A node is drained and removed.
func ExampleClient_RemoveNodes() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	result, err := client.RemoveNodes(context.Background(), kindctl.RemoveNodesOptions{Name: "demo", Nodes: []string{"worker2"}})
	fmt.Println(result.Removed, err)
}

// As many workers are added or removed as it takes.
func ExampleClient_Scale() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	result, err := client.Scale(context.Background(), kindctl.ScaleOptions{Name: "demo", Workers: 3})
	fmt.Println(result.Added, result.Removed, err)
}

// What "docker build" made is loaded into the workers.
func ExampleClient_Load() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	loaded, err := client.Load(context.Background(), kindctl.LoadOptions{Name: "demo", Images: []string{"shop:dev"}, Nodes: []string{clusters.Worker}})
	if err != nil {
		log.Fatal(err)
	}
	for _, image := range loaded {
		fmt.Println(image.Image, image.Into)
	}
}

// Any cluster can be verified, also those of other tools: here, one of the usual kubeconfig, without
// the checks that wait for something to change.
func ExampleClient_Verify() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	report, err := client.Verify(context.Background(), kindctl.VerifyOptions{
		Cluster:   kindctl.ClusterRef{Context: "staging"},
		Selection: verify.Selection{Quick: true},
	})
	for _, result := range report.Results {
		fmt.Println(result.Outcome, result.ID, result.Cause)
	}
	fmt.Println("exit code", hint.CodeOf(err))
}

// The differences that a check warns of are accepted, and no longer.
func ExampleClient_Accept() {
	ctx, demo := context.Background(), kindctl.ClusterRef{Name: "demo"}
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	result, err := client.Accept(ctx, kindctl.AcceptOptions{Cluster: demo, IDs: []string{"node.taint"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, difference := range result.Added {
		fmt.Println("accepted", difference.ID)
	}
}

// Checks warn again of everything that was accepted.
func ExampleClient_Unaccept() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	removed, err := client.Unaccept(context.Background(), kindctl.AcceptOptions{Cluster: kindctl.ClusterRef{Name: "demo"}})
	fmt.Println(len(removed), err)
}

// What has been accepted is printed.
func ExampleClient_Accepted() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	accepted, err := client.Accepted(context.Background(), kindctl.ClusterRef{Name: "demo"})
	for _, difference := range accepted {
		fmt.Println(difference.ID, difference.Cause)
	}
	fmt.Println(err)
}

// Nodes that are not ready are printed.
func ExampleClient_Status() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	status, err := client.Status(context.Background(), kindctl.ClusterRef{Name: "demo"})
	if err != nil {
		log.Fatal(err)
	}
	for _, node := range status.Nodes {
		if node.Ready != "True" {
			fmt.Println(node.Name)
		}
	}
}

// Clusters that run are printed.
func ExampleClient_Clusters() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	found, err := client.Clusters(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, cluster := range found {
		if cluster.Running == cluster.Nodes {
			fmt.Println(cluster.Name, cluster.Owner)
		}
	}
}

// The containers of a cluster are printed.
func ExampleClient_Nodes() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	nodes, err := client.Nodes(context.Background(), "demo")
	if err != nil {
		log.Fatal(err)
	}
	for _, node := range nodes {
		fmt.Println(node.Name, node.Role, node.Address)
	}
}

// A container on the clusters' network gets a kubeconfig.
func ExampleClient_Kubeconfig() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	kubeconfig, err := client.Kubeconfig(context.Background(), kindctl.KubeconfigOptions{Name: "demo", Internal: true})
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("kubeconfig", kubeconfig, 0o600); err != nil {
		log.Fatal(err)
	}
}

// The context comes back into a kubeconfig that was lost.
func ExampleClient_MergeKubeconfig() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	file, err := client.MergeKubeconfig(context.Background(), kindctl.MergeKubeconfigOptions{Name: "demo"})
	fmt.Println(file, err)
}

// Logs and events are kept of a cluster that could not be created, before it is removed.
func ExampleClient_Diagnose() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	topology, err := clusters.Profile("single")
	if err != nil {
		log.Fatal(err)
	}
	topology.Name = "demo"
	_, err = client.Up(context.Background(), kindctl.UpOptions{
		Topology: topology,
		Examine: func(ctx context.Context, _ string, _ verify.Report, _ error) {
			for _, problem := range client.Diagnose(ctx, kindctl.DiagnoseOptions{Name: "demo", Dir: "diagnostics"}) {
				log.Print(problem)
			}
		},
	})
	fmt.Println(err)
}

// One file has all that may help to find a fault.
func ExampleClient_ExportLogs() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	path, err := client.ExportLogs(context.Background(), kindctl.ExportLogsOptions{Name: "demo", Archive: "demo.tar.gz"})
	fmt.Println(path, err)
}

// What keeps a cluster from being created here is printed.
func ExampleClient_Doctor() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	topology, err := clusters.Profile("default")
	if err != nil {
		log.Fatal(err)
	}
	report, err := client.Doctor(context.Background(), kindctl.DoctorOptions{Topology: topology})
	if err != nil {
		log.Fatal(err)
	}
	for _, finding := range report.Findings {
		if finding.Fix != "" {
			fmt.Println(finding.ID, finding.Observed, finding.Fix)
		}
	}
	fmt.Println(report.Err())
}

// A check of another CNI is refused in words.
func ExampleSelectChecks() {
	_, err := kindctl.SelectChecks("calico", "demo has calico", verify.Selection{Only: []string{"cil.agents"}})
	fmt.Println(err)
	// Output: "cil.agents" is about cilium, but demo has calico
}

func ExampleClient_BuildImages() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	refs, err := client.BuildImages(context.Background(), kindctl.ImageOptions{CNIs: []string{"calico"}, LoadBalancer: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in Docker:", refs)
}

func ExampleClient_ImageComponents() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	components, err := client.ImageComponents(kindctl.ImageOptions{CNIs: []string{"all"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, component := range components {
		if !component.Built {
			fmt.Println(component.Title, "takes about", component.Estimate)
		}
	}
}

func ExampleClient_PruneImages() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	pruned, err := client.PruneImages(context.Background(), kindctl.ImageOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(pruned.Removed), "removed,", pruned.Freed, "bytes freed")
}

// The incidents that fit a cluster are listed.
func ExampleClient_Incidents() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	found, err := client.Incidents(context.Background(), "demo")
	if err != nil {
		log.Fatal(err)
	}
	for _, incident := range found {
		fmt.Println(incident.ID, incident.Level, incident.Subject)
	}
}

// A cluster is broken, and a program has a minute to heal it.
func ExampleClient_Break() {
	ctx := context.Background()
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	broken, err := client.Break(ctx, kindctl.BreakOptions{Name: "demo", Levels: []kindctl.Level{kindctl.Easy}})
	if err != nil { // nothing is broken
		log.Fatalf("%s: %v", hint.ReasonOf(err), err)
	}
	fmt.Println(broken.Incidents, "incident since", broken.Since)
	if _, err := client.Heal(ctx, "demo"); err != nil {
		log.Print(err)
	}
}

// Hints go from vague to plain.
func ExampleClient_Hint() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	for {
		taken, err := client.Hint(context.Background(), "demo", 1)
		if hint.ReasonOf(err) == hint.NoHint.Name {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(taken.Number, taken.Text)
	}
}

// The score verifies the cluster, unless it has passed before.
func ExampleClient_Score() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	score, _, err := client.Score(context.Background(), "demo")
	if score.Passed {
		fmt.Println("healed in", *score.SecondsToGreen, "seconds, with", score.Hints, "hints")
	} else {
		fmt.Println("not healed:", err)
	}
}

// A teacher looks up what was broken.
func ExampleClient_Reveal() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	revealed, err := client.Reveal(context.Background(), "demo")
	if err != nil {
		log.Fatal(err)
	}
	for _, incident := range revealed.Incidents {
		fmt.Println(incident.What, incident.Repair)
	}
}

// What a killed Break left is healed, and the cluster verified.
func ExampleClient_Heal() {
	client := kindctl.New(kindctl.Options{})
	defer client.Close()
	report, err := client.Heal(context.Background(), "demo")
	fmt.Println(len(report.Results), err)
}
