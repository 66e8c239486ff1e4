package probe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/kindctl/kindctl/pkg/verify"
)

// FleetBackends returns the Service in front of the fleet, at each of its
// addresses.
func (s *Session) FleetBackends(ctx context.Context) (services []ServiceBackends, err error) {
	probes, err := s.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := s.FleetAddresses(ctx)
	if err != nil {
		return nil, err
	}
	for _, address := range addresses {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			return nil, fmt.Errorf("service %s has the address %q", FleetService, address)
		}
		service := ServiceBackends{
			Name:    fmt.Sprintf("%s/%s:%s", probes[0].Namespace, FleetService, PortName),
			Address: netip.AddrPortFrom(ip, ServicePort),
		}
		for _, probe := range probes {
			for _, own := range OfFamily(address, probe.IPs) {
				service.Endpoints = append(service.Endpoints, net.JoinHostPort(own, strconv.Itoa(probe.HTTPPort)))
			}
		}
		slices.Sort(service.Endpoints)
		services = append(services, service)
	}
	return services, nil
}

// RightsOfServices go with probes and Services in front of them.
var RightsOfServices = verify.JoinRights(RightsOfFleet, []string{"create,get services"})

// FleetService is the name of the Service in front of the probes.
const FleetService = "fleet"

// HeadlessFleet is the name of the headless one.
const HeadlessFleet = "fleet-headless"

// ServicePort is the port of these Services, and PortName its name.
const ServicePort = 80

// The Services in front of the fleet.
const (
	PortName = "http"
)

// FleetSelector selects the probes on the network of pods.
var FleetSelector = map[string]string{FleetLabel: fleetValue}

// FleetAddresses makes the Services, once, and returns the addresses of the first.
func (s *Session) FleetAddresses(ctx context.Context) (clusterIPs []string, err error) {
	if _, err := s.Service(ctx, HeadlessFleet, corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Selector: FleetSelector}); err != nil {
		return nil, err
	}
	return s.Service(ctx, FleetService, corev1.ServiceSpec{Selector: FleetSelector})
}

// Service makes a Service in front of probe pods, if it is not there yet, for
// all IP families that the cluster has, and returns its address of each.
func (s *Session) Service(ctx context.Context, name string, spec corev1.ServiceSpec) (clusterIPs []string, err error) {
	service, err := s.ServiceObject(ctx, name, spec)
	if err != nil {
		return nil, err
	}
	if service.Spec.ClusterIPs == nil { // of an API server before dual stack
		return []string{service.Spec.ClusterIP}, nil
	}
	return service.Spec.ClusterIPs, nil
}

// ServiceObject is service, and returns the whole object.
func (s *Session) ServiceObject(ctx context.Context, name string, spec corev1.ServiceSpec) (*corev1.Service, error) {
	namespace, err := s.Namespace(ctx)
	if err != nil {
		return nil, err
	}
	spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyPreferDualStack)
	spec.Ports = []corev1.ServicePort{{Name: PortName, Port: ServicePort, TargetPort: intstr.FromInt32(HTTPPort)}}
	services := s.t.Kube.Clientset.CoreV1().Services(namespace)
	service, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{verify.RunLabel: s.t.RunID}}, Spec: spec}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		service, err = services.Get(ctx, name, metav1.GetOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("service %s: %w", name, err)
	}
	return service, nil
}
