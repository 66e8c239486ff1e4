// Package dns checks CoreDNS and the names that pods resolve.
package dns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// Checks returns the checks of DNS.
func Checks() []verify.Check {
	return []verify.Check{dnsRecordsCheck(), dnsSearchCheck(), dnsExternalCheck(), dnsLatencyCheck()}
}

const (
	dnsSelector = "k8s-app=kube-dns"
	// ServiceName is the name under which every cluster has its DNS Service,
	// whatever the server behind it is called.
	ServiceName = "kube-dns"
	dnsPort     = 53
)

const dnsHint = "look at CoreDNS: kubectl -n kube-system get deployment,pods,endpointslices -l k8s-app=kube-dns; kubectl -n kube-system logs -l k8s-app=kube-dns; kubectl -n kube-system get configmap coredns -o yaml"

var (
	// rightsOfDNSPods go with dnsPods and a DialPod to what it returns.
	rightsOfDNSPods = verify.JoinRights(verify.RightsOfSystemPods, verify.RightsOfForwards, []string{"list deployments.apps@kube-system"})
	// rightsOfDNSAddress go with dnsAddress.
	rightsOfDNSAddress = []string{"get services@kube-system"}
)

// dnsPods returns the CoreDNS pods, of which as many must be ready as the
// Deployment wants, and one at least.
func dnsPods(ctx context.Context, t *verify.Target) ([]corev1.Pod, error) {
	pods, err := t.SystemPods(ctx, dnsSelector)
	if err != nil {
		return nil, err
	}
	deployments, err := t.Kube.Clientset.AppsV1().Deployments(verify.SystemNamespace).List(ctx, metav1.ListOptions{LabelSelector: dnsSelector})
	if err != nil {
		return nil, fmt.Errorf("list deployments %s: %w", dnsSelector, err)
	}
	wanted := 0
	for _, deployment := range deployments.Items {
		if replicas := deployment.Spec.Replicas; replicas != nil {
			wanted += int(*replicas)
		}
	}
	return enoughDNS(pods, max(wanted, 1))
}

// enoughDNS returns the pods that can answer, or says why there are too few.
func enoughDNS(pods []corev1.Pod, wanted int) ([]corev1.Pod, error) {
	var ready []corev1.Pod
	var waiting []string
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if reason := verify.PodNotReady(&pod); reason != "" {
			waiting = append(waiting, fmt.Sprintf("%s on %s: %s", pod.Name, pod.Spec.NodeName, reason))
		} else if pod.Status.Phase == corev1.PodRunning {
			ready = append(ready, pod)
		}
	}
	if len(ready) < wanted {
		problem := fmt.Sprintf("%d of %d CoreDNS pods are ready", len(ready), wanted)
		return nil, errors.New(strings.Join(append([]string{problem}, waiting...), "; "))
	}
	return ready, nil
}

// Address is the ClusterIP that pods ask for names.
func Address(ctx context.Context, t *verify.Target) (string, error) {
	service, err := t.Kube.Clientset.CoreV1().Services(verify.SystemNamespace).Get(ctx, ServiceName, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("get service %s/%s: %w", verify.SystemNamespace, ServiceName, err)
	}
	if address := service.Spec.ClusterIP; address != "" && address != corev1.ClusterIPNone {
		return address, nil
	}
	return "", fmt.Errorf("service %s/%s has no ClusterIP", verify.SystemNamespace, ServiceName)
}

const groupDNS = "dns"

// input is what lookups need: the address of the DNS Service, the probes, the addresses
// of their Services, and the cluster's domain.
type input struct {
	address  string
	probes   []probe.Probe
	services []string
	domain   string
}

func lookupInput(ctx context.Context, t *verify.Target) (in input, err error) {
	if in.address, err = Address(ctx, t); err != nil {
		return in, err
	}
	if in.probes, err = probe.Of(t).Fleet.Ready(ctx); err != nil {
		return in, err
	}
	if in.services, err = probe.Of(t).FleetAddresses(ctx); err != nil {
		return in, err
	}
	in.domain, err = clusterDomain(ctx, t, in.probes)
	return in, err
}
