package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func serviceChecks() []Check {
	return []Check{{
		ID: "svc.clusterip", Group: groupService, Title: "A Service's address leads to all of its pods from every node",
		Needs: []string{"net.pods"}, Timeout: 45 * time.Second, Skip: withoutCNI, Run: serviceReachesAll,
		Hint: "look at the service proxy on the nodes named: kubectl -n kube-system logs -l k8s-app=kube-proxy; kubectl get endpointslices -A",
	}}
}

// The Services in front of the fleet.
const (
	fleetService  = "fleet"
	headlessFleet = "fleet-headless"
	servicePort   = 80
	portName      = "http"
)

// fleetServices makes the Services, once, and returns the address of the first.
func (t *Target) fleetServices(ctx context.Context) (clusterIP string, err error) {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return "", err
	}
	services := t.Kube.Clientset.CoreV1().Services(namespace)
	for name, ip := range map[string]string{fleetService: "", headlessFleet: corev1.ClusterIPNone} {
		_, err := services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{RunLabel: t.RunID}},
			Spec: corev1.ServiceSpec{ClusterIP: ip, Selector: map[string]string{fleetLabel: fleetValue},
				Ports: []corev1.ServicePort{{Name: portName, Port: servicePort, TargetPort: intstr.FromInt32(probeHTTPPort)}}},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return "", fmt.Errorf("create service %s: %w", name, err)
		}
	}
	service, err := services.Get(ctx, fleetService, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("get service %s: %w", fleetService, err)
	}
	return service.Spec.ClusterIP, nil
}

// enoughTries is how many fresh connections show all of n endpoints but for a
// chance of less than one in ten thousand, when each is as likely as another.
func enoughTries(n int) int { return n*n + 30 }

// serviceReachesAll dials the Service's address by number from every node, and
// wants every endpoint to answer and nobody else.
func serviceReachesAll(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	address, err := t.fleetServices(ctx)
	if err != nil {
		return nil, err
	}
	var endpoints []string
	for _, probe := range probes {
		endpoints = append(endpoints, probe.Name)
	}
	var mu sync.Mutex
	var evidence Evidence
	var broken []string
	group, ctx := errgroup.WithContext(ctx)
	for _, from := range probes {
		group.Go(func() error {
			// One try first: where nothing answers, many tries would each take their timeout.
			answers, failures, err := from.Dial(ctx, "http", address, servicePort, 1)
			if err == nil && len(failures) == 0 {
				answers, failures, err = from.Dial(ctx, "http", address, servicePort, enoughTries(len(probes)))
			}
			if err != nil {
				return Unobservable(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if problem := unevenAnswers(answers, failures, endpoints); problem != "" {
				broken = append(broken, fmt.Sprintf("%s -> %s:%d: %s", from.Node, address, servicePort, problem))
			} else {
				evidence = append(evidence, fmt.Sprintf("%s -> %s:%d: %d connections, all %d endpoints", from.Node, address, servicePort, len(answers), len(endpoints)))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(evidence)
	return evidence, allOrError(broken)
}

// unevenAnswers says which endpoints never answered and who answered in their place.
func unevenAnswers(answers, failures, endpoints []string) string {
	if len(failures) > 0 {
		return fmt.Sprintf("%d of %d connections failed: %s", len(failures), len(failures)+len(answers), failures[0])
	}
	var problems []string
	for _, endpoint := range endpoints {
		if !slices.Contains(answers, endpoint) {
			problems = append(problems, fmt.Sprintf("%s never answered in %d connections", endpoint, len(answers)))
		}
	}
	for _, answer := range slices.Compact(slices.Sorted(slices.Values(answers))) {
		if !slices.Contains(endpoints, answer) {
			problems = append(problems, fmt.Sprintf("%q answered and is no endpoint", answer))
		}
	}
	return strings.Join(problems, "; ")
}
