package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/pkg/kube"
)

// liveTarget is a cluster of two workers whose pods become ready at once, and
// whose Services get an address.
func liveTarget(pods fakePods, objects ...runtime.Object) *Target {
	t := stampedTarget(time.Now(), append(objects, readyNode("w1"), readyNode("w2"))...)
	t.Expect, t.Pods = Expectation{Workers: 2}, pods
	client := t.Kube.Clientset.(*fake.Clientset)
	addresses := 0
	client.PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		addresses++
		pod.Status = systemPod("", "", nil).Status
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

func kubeDNS() *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: systemNamespace, Name: dnsService}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.10"}}
}

// recordsOf are those of the fleet of liveTarget.
func recordsOf(t *Target) records {
	end := "." + namespacePrefix + t.RunID + ".svc.cluster.local."
	return records{
		"A fleet" + end:                 {"10.96.200.7"},
		"A fleet-headless" + end:        {"10.244.0.1", "10.244.0.2"},
		"SRV _http._tcp.fleet" + end:    {"0 100 80 fleet" + end},
		"PTR 7.200.96.10.in-addr.arpa.": {"fleet" + end},
	}
}

func TestDNSRecords(t *testing.T) {
	tests := map[string]struct {
		pods    map[string]bool // by name, whether the CoreDNS pod knows the Services
		service bool            // whether what is behind the DNS Service's address does
		tcp     string          // what the pod with TCP alone reports
		want    string
	}{
		"all answer":      {map[string]bool{"a": true, "b": true}, true, `{"responses":["probe-w2"]}`, ""},
		"one pod is dumb": {map[string]bool{"a": true, "b": false}, true, `{"responses":["probe-w2"]}`, "CoreDNS pod b: A fleet."},
		"one is missing":  {map[string]bool{"a": true}, true, `{"responses":["probe-w2"]}`, "1 of 2 CoreDNS pods are ready"},
		"not over UDP":    {map[string]bool{"a": true, "b": true}, false, `{"responses":["probe-w2"]}`, "DNS Service 10.96.0.10 over UDP, from w2: SRV "},
		"not over TCP":    {map[string]bool{"a": true, "b": true}, true, "lookup fleet-headless: i/o timeout", "DNS Service 10.96.0.10 over TCP, from w1: connect to fleet-headless."},
		"to a stranger":   {map[string]bool{"a": true, "b": true}, true, `{"responses":["x"]}`, `led to "x"`},
		"to nobody":       {map[string]bool{"a": true, "b": true}, true, `{}`, "no answer"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			objects := []runtime.Object{dnsDeployment(2), kubeDNS()}
			for pod := range test.pods {
				objects = append(objects, dnsPod(pod, "w1", true))
			}
			target := liveTarget(fakePods{}, objects...)
			known := recordsOf(target)
			knowledge := func(all bool) records {
				if all {
					return known
				}
				return records{}
			}
			target.Pods = fakePods{
				dial: func(pod string, _ int) (net.Conn, error) { return knowledge(test.pods[pod]).serve(), nil },
				exec: func(pod kube.PodRef, _ []string) (string, error) {
					return fmt.Sprintf("content of file %q: search %[2]s.svc.cluster.local svc.cluster.local\n", resolvPath, pod.Namespace), nil
				},
				get: func(pod string, _ int, path string) (int, []byte, error) {
					switch {
					case pod == "probe-w2" && strings.Contains(path, "host=10.96.0.10"):
						return knowledge(test.service).netexec(path)
					case pod != "dns-tcp" || !strings.Contains(path, "host=fleet-headless."):
						return 0, nil, errors.New("unexpected " + pod + path)
					case strings.HasPrefix(test.tcp, "lookup"):
						return 400, []byte(test.tcp), nil
					}
					return 200, []byte(test.tcp), nil
				},
			}
			evidence, err := dnsRecords(t.Context(), target)
			wantErr(t, err, test.want)
			if isUnobservable(err) || err == nil && len(evidence) != 4 {
				t.Errorf("evidence %q, %v", evidence, err)
			}
		})
	}
}

func TestTCPResolver(t *testing.T) {
	target := liveTarget(fakePods{})
	pod := target.tcpResolver("w1", "10.96.0.10")
	var options []string
	for _, option := range pod.Spec.DNSConfig.Options {
		options = append(options, option.Name)
	}
	if pod.Spec.DNSPolicy != corev1.DNSNone || pod.Spec.DNSConfig.Nameservers[0] != "10.96.0.10" || strings.Join(options, " ") != "use-vc timeout attempts" {
		t.Errorf("got %+v", pod.Spec)
	}
}

func TestDNSRecordsAsksNobodyWithoutTheirService(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := dnsRecords(ctx, liveTarget(fakePods{}, dnsDeployment(1), dnsPod("a", "w1", true)))
	wantErr(t, err, "get service kube-system/kube-dns")
}
