package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const lookAtProxy = "look at the service proxy on the nodes named: kubectl -n kube-system logs -l k8s-app=kube-proxy; kubectl get endpointslices -A"

func serviceChecks() []Check {
	return []Check{
		{
			ID: "svc.clusterip", Nodes: AllNodes, Group: groupService, Title: "A new Service's address reaches its pods from every node",
			Proves: "A pod on every node sends a request to the ClusterIP, one of each IP family, by number, and one of the Service's pods must answer.",
			Hint:   lookAtProxy,
			Needs:  []string{"net.pods", "kcm.slices", "proxy.mode", "proxy.health", "proxy.rules"},
			Rights: rightsOfServices,
			Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: serviceAnswers,
		},
		{
			ID: "svc.spread", Nodes: AllNodes, Group: groupService, Title: "A Service's address reaches all of its pods from every node",
			Proves: "So many fresh connections are made from every node that each endpoint must have answered once, and nothing else may. A rule that is missing for one endpoint shows as occasional failed requests. " + fmt.Sprintf("Beyond %d nodes it is enough that each endpoint has answered some node.", manyNodes),
			Hint:   lookAtProxy,
			Needs:  []string{"svc.clusterip"},
			Rights: rightsOfServices,
			Slow:   true, Timeout: 15 * time.Second, Skip: withoutCNI, Run: serviceSpreads,
		},
		hairpinCheck(),
		nodePortCheck(),
		removalCheck(),
	}
}

// rightsOfServices go with probes and Services in front of them.
var rightsOfServices = rights(RightsOfFleet, []string{"create,get services"})

// The Services in front of the fleet.
const (
	fleetService  = "fleet"
	headlessFleet = "fleet-headless"
	servicePort   = 80
	portName      = "http"
)

// theFleet selects the probes on the network of pods.
var theFleet = map[string]string{fleetLabel: fleetValue}

// fleetServices makes the Services, once, and returns the addresses of the first.
func (t *Target) fleetServices(ctx context.Context) (clusterIPs []string, err error) {
	if _, err := t.service(ctx, headlessFleet, corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: theFleet}); err != nil {
		return nil, err
	}
	return t.service(ctx, fleetService, corev1.ServiceSpec{Selector: theFleet})
}

// service makes a Service in front of probe pods, if it is not there yet, for
// all IP families that the cluster has, and returns its address of each.
func (t *Target) service(ctx context.Context, name string, spec corev1.ServiceSpec) (clusterIPs []string, err error) {
	service, err := t.serviceObject(ctx, name, spec)
	if err != nil {
		return nil, err
	}
	if service.Spec.ClusterIPs == nil { // of an API server before dual stack
		return []string{service.Spec.ClusterIP}, nil
	}
	return service.Spec.ClusterIPs, nil
}

// serviceObject is service, and returns the whole object.
func (t *Target) serviceObject(ctx context.Context, name string, spec corev1.ServiceSpec) (*corev1.Service, error) {
	namespace, err := t.Namespace(ctx)
	if err != nil {
		return nil, err
	}
	spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyPreferDualStack)
	spec.Ports = []corev1.ServicePort{{Name: portName, Port: servicePort, TargetPort: intstr.FromInt32(probeHTTPPort)}}
	services := t.Kube.Clientset.CoreV1().Services(namespace)
	service, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{RunLabel: t.RunID}}, Spec: spec}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		service, err = services.Get(ctx, name, metav1.GetOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", name, err)
	}
	return service, nil
}

// serviceAnswers dials the Service's address by number once from every node.
func serviceAnswers(ctx context.Context, t *Target) (Evidence, error) {
	return toService(ctx, t, 1, func(names []string) func(answers, failures []string) string { return answeredBy(names...) })
}

// serviceSpreads dials often enough to see every endpoint.
func serviceSpreads(ctx context.Context, t *Target) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if len(probes) > manyNodes {
		return serviceSpreadsOverMany(ctx, t, probes)
	}
	return toService(ctx, t, enoughTries(len(probes)), answeredByAll)
}

// enoughTries is how many fresh connections show all of n endpoints but for a
// chance of less than one in ten thousand, when each is as likely as another.
func enoughTries(n int) int { return n*n + 30 }

// serviceSpreadsOverMany makes as many connections from each node as manyNodes
// take, which is enough to see every endpoint from some node.
func serviceSpreadsOverMany(ctx context.Context, t *Target, probes []Probe) (Evidence, error) {
	tries, answered := enoughTries(manyNodes), map[string]bool{}
	evidence, err := toService(ctx, t, tries, func(names []string) func(answers, failures []string) string {
		judge := answeredBy(names...)
		return func(answers, failures []string) string { // by one at a time
			for _, answer := range answers {
				answered[answer] = true
			}
			return judge(answers, failures)
		}
	})
	if err != nil {
		return evidence, err
	}
	if silent := silentOf(namesOf(probes), slices.Collect(maps.Keys(answered))); silent != "" {
		return evidence, fmt.Errorf("%s never answered in %d connections from each of %d nodes", silent, tries, len(probes))
	}
	sample := fmt.Sprintf("a sample: in %d connections from each of %d nodes every endpoint answered, though not to every node", tries, len(probes))
	return append(Evidence{sample}, evidence...), nil
}

func namesOf(probes []Probe) (names []string) {
	for _, probe := range probes {
		names = append(names, probe.Name)
	}
	return names
}

func toService(ctx context.Context, t *Target, tries int, judge func(names []string) func(answers, failures []string) string) (Evidence, error) {
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := t.fleetServices(ctx)
	if err != nil {
		return nil, err
	}
	names := namesOf(probes)
	var ways []way
	for _, probe := range probes {
		for _, address := range addresses {
			ways = append(ways, way{from: probe, to: "Service " + fleetService, protocol: "http", host: address, port: servicePort, request: askName, tries: tries, judge: judge(names)})
		}
	}
	return Judged(tryAll(ctx, ways))
}

// answeredByAll wants each of the names among the answers, and no other.
func answeredByAll(names []string) func(answers, failures []string) string {
	return func(answers, failures []string) string {
		if problem := answeredBy(names...)(answers, failures); problem != "" {
			return problem
		}
		if silent := silentOf(names, answers); silent != "" {
			return fmt.Sprintf("%s never answered in %d connections", silent, len(answers))
		}
		return ""
	}
}

// silentOf are the names that are not among the answers.
func silentOf(names, answers []string) string {
	silent := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(answers, name) })
	return strings.Join(silent, ", ")
}
