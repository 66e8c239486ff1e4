//go:build faults

package faults

import (
	"context"
	"fmt"
	"os/exec"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
)

// frozenAtRemoval stops kube-proxy on a node when svc.remove takes its first
// endpoint away, not earlier, and not before the Service of svc.hairpin is
// served there, which is under way at the same time: the command lists the
// Services that the node's kernel knows. All else that needs kube-proxy is over.
func frozenAtRemoval(services string) fault {
	return fault{"proxy-frozen-at-removal", "svc.remove", "kube-proxy on a node is frozen when an endpoint goes", verify.Fail, func(c *cluster) func() {
		kubeconfig := c.Must("get", "kubeconfig", "-n", c.name).Stdout
		client, err := kube.FromKubeconfigData([]byte(kubeconfig))
		if err != nil {
			c.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		slices, selection := client.Clientset.DiscoveryV1().EndpointSlices(""), metav1.ListOptions{LabelSelector: verify.RunLabel}
		earlier, err := slices.List(ctx, selection)
		if err != nil {
			c.Fatal(err)
		}
		selection.ResourceVersion = earlier.ResourceVersion // those of the last run may not be gone yet
		changes, err := slices.Watch(ctx, selection)
		if err != nil {
			c.Fatal(err)
		}
		wait, freeze, end := c.trap(fmt.Sprintf(`pid=$(pgrep -x kube-proxy); read -r namespace || exit
			for n in $(seq 300); do
				%s | grep -q "$namespace/hairpin" && break; sleep 0.1
			done
			read -r gone || exit
			kill -STOP $pid`, services))
		done := make(chan struct{})
		go func() {
			defer close(done)
			most := 0
			for change := range changes.ResultChan() {
				slice, is := change.Object.(*discoveryv1.EndpointSlice)
				if !is || slice.Name != "leaving" || change.Type == watch.Deleted {
					continue
				}
				if most == 0 {
					wait(slice.Namespace)
				}
				if most = max(most, len(slice.Endpoints)); len(slice.Endpoints) < most {
					freeze()
					return
				}
			}
		}()
		return func() {
			stop()
			changes.Stop()
			<-done
			end()
			_, _ = c.TryExec(c.worker(), "pkill -CONT -x kube-proxy")
		}
	}}
}

// trap starts a script in the worker beforehand, so that no time is lost when it
// is to act: it reads a line with a namespace, and another when the moment has
// come. Where input ends, it ends.
func (c *cluster) trap(script string) (wait func(namespace string), act, end func()) {
	c.Helper()
	cmd := exec.Command("docker", "exec", "-i", c.worker(), "bash", "-c", script)
	input, err := cmd.StdinPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	return func(namespace string) { fmt.Fprintln(input, namespace) },
		func() { fmt.Fprintln(input, "now") },
		func() { input.Close(); _ = cmd.Wait() }
}
