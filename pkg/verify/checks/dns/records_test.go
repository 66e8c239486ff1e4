package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// liveTarget is a cluster of two workers whose pods become ready at once, and
// whose Services get an address.
func liveTarget(pods verifytest.Pods, objects ...runtime.Object) *verify.Target {
	t := targettest.Stamped(time.Now(), append(objects, verifytest.ReadyNode("w1"), verifytest.ReadyNode("w2"))...)
	t.Expect, t.Pods = verify.Expectation{Workers: 2}, pods
	client := t.Kube.Clientset.(*fake.Clientset)
	addresses := 0
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		addresses++
		pod.Status = verifytest.SystemPod("", "", nil).Status
		pod.Status.PodIP = fmt.Sprintf("10.244.0.%d", addresses)
		return false, nil, nil
	})
	client.PrependReactor("create", "services", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if service := action.(clienttesting.CreateAction).GetObject().(*corev1.Service); service.Spec.ClusterIP == "" {
			service.Spec.ClusterIP = "10.96.200.7"
		}
		return false, nil, nil
	})
	return t
}

// recordsOf are those of the fleet of liveTarget.
func recordsOf(t *verify.Target) records {
	end := "." + probe.NamespacePrefix + t.RunID + ".svc.cluster.local."
	return records{
		"A fleet" + end:                 {"10.96.200.7"},
		"A fleet-headless" + end:        {"10.244.0.1", "10.244.0.2"},
		"SRV _http._tcp.fleet" + end:    {"0 100 80 fleet" + end},
		"PTR 7.200.96.10.in-addr.arpa.": {"fleet" + end},
	}
}

func TestDNSRecords(t *testing.T) {
	const both = "10.244.0.2\n10.244.0.1\n"
	tests := map[string]struct {
		pods    map[string]bool // by name, whether the CoreDNS pod knows the Services
		service bool            // whether what is behind the DNS Service's address does
		tcp     string          // what dig prints
		want    string
	}{
		"all answer":      {map[string]bool{"a": true, "b": true}, true, both, ""},
		"one pod is dumb": {map[string]bool{"a": true, "b": false}, true, both, "CoreDNS pod b: A fleet."},
		"one is missing":  {map[string]bool{"a": true}, true, both, "1 of 2 CoreDNS pods are ready"},
		"not over UDP":    {map[string]bool{"a": true, "b": true}, false, both, "DNS Service 10.96.0.10 over UDP, from w2: SRV "},
		"not over TCP":    {map[string]bool{"a": true, "b": true}, true, ";; no servers could be reached", "DNS Service 10.96.0.10 over TCP, from w1: A fleet-headless."},
		"to a stranger":   {map[string]bool{"a": true, "b": true}, true, "10.0.0.1", `got "10.0.0.1", expected 10.244.0.1, 10.244.0.2`},
		"no address":      {map[string]bool{"a": true, "b": true}, true, "", `got "", expected 10.244.0.1`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects := []runtime.Object{verifytest.DNSDeployment(2), verifytest.KubeDNS()}
			for pod := range test.pods {
				objects = append(objects, verifytest.DNSPod(pod, "w1", true))
			}
			target := liveTarget(verifytest.Pods{}, objects...)
			known := recordsOf(target)
			knowledge := func(all bool) records {
				if all {
					return known
				}
				return records{}
			}
			target.Pods = verifytest.Pods{
				OnDial: func(pod string, _ int) (net.Conn, error) { return knowledge(test.pods[pod]).serve(), nil },
				OnShell: func(pod kube.PodRef, command string) (string, error) {
					if command == "cat "+resolvPath {
						return fmt.Sprintf("search %s.svc.cluster.local svc.cluster.local\n", pod.Namespace), nil
					}
					if pod.Name != "probe-w1" || !strings.HasPrefix(command, "dig +tcp +short +time=2 +tries=1 @10.96.0.10 fleet-headless.") {
						return "", fmt.Errorf("unexpected %s: %s", pod.Name, command)
					}
					return test.tcp, nil
				},
				OnGet: func(pod string, _ int, path string) (int, []byte, error) {
					if pod != "probe-w2" || !strings.Contains(path, "host=10.96.0.10") {
						return 0, nil, errors.New("unexpected " + pod + path)
					}
					return knowledge(test.service).netexec(path)
				},
			}
			evidence, err := dnsRecords(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) || err == nil && len(evidence) != 4 {
				t.Errorf("evidence %q, %v", evidence, err)
			}
		})
	}
}

func TestDNSRecordsAsksNobodyWithoutTheirService(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := dnsRecords(ctx, liveTarget(verifytest.Pods{}, verifytest.DNSDeployment(1), verifytest.DNSPod("a", "w1", true)))
	verifytest.WantErr(t, err, "get service kube-system/kube-dns")
}
