package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func dnsChecks() []Check {
	return []Check{{
		ID: "dns.records", Group: groupDNS, Title: "CoreDNS answers for a new Service, and its name leads every node to its pods",
		Needs: []string{"net.pods"}, Timeout: 30 * time.Second, Skip: withoutCNI, Run: dnsRecords,
		Hint: "look at CoreDNS: kubectl -n kube-system get deployment,pods,endpointslices -l k8s-app=kube-dns; kubectl -n kube-system logs -l k8s-app=kube-dns",
	}}
}

const (
	dnsSelector = "k8s-app=kube-dns"
	dnsPort     = 53
)

// dnsRecords asks every CoreDNS pod for all kinds of records of the fleet's
// Services, and then lets every probe connect to the Service by name, which
// takes the way of ordinary pods: resolv.conf, the DNS Service, UDP.
func dnsRecords(ctx context.Context, t *Target) (Evidence, error) {
	servers, err := readyDNSPods(ctx, t)
	if err != nil {
		return nil, err
	}
	probes, err := t.Fleet.Ready(ctx)
	if err != nil {
		return nil, err
	}
	address, err := t.fleetServices(ctx)
	if err != nil {
		return nil, err
	}
	domain, err := clusterDomain(ctx, t, probes[0])
	if err != nil {
		return nil, err
	}
	questions := questionsFor(probes[0].Namespace, domain, address, probes)
	var evidence Evidence
	for _, server := range servers {
		for _, question := range questions {
			seen, err := question.ask(ctx, t, server)
			if err != nil {
				return evidence, fmt.Errorf("CoreDNS pod %s: %w", server, err)
			}
			evidence = append(evidence, server+": "+seen)
		}
	}
	name := strings.Join([]string{fleetService, probes[0].Namespace, "svc", domain}, ".")
	return evidence, dialByName(ctx, probes, name)
}

// readyDNSPods names the CoreDNS pods that can answer.
func readyDNSPods(ctx context.Context, t *Target) ([]string, error) {
	pods, err := t.Kube.Clientset.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{LabelSelector: dnsSelector})
	if err != nil {
		return nil, fmt.Errorf("list CoreDNS pods: %w", err)
	}
	var ready, waiting []string
	for i := range pods.Items {
		pod := &pods.Items[i]
		if reason := podNotReady(pod); reason != "" {
			waiting = append(waiting, pod.Name+": "+reason)
		} else if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			ready = append(ready, pod.Name)
		}
	}
	if len(ready) == 0 {
		return nil, errors.New(strings.Join(append([]string{"no CoreDNS pod is ready"}, waiting...), "; "))
	}
	return ready, nil
}

// clusterDomain is the end of every Service's name, as pods see it.
func clusterDomain(ctx context.Context, t *Target, probe Probe) (string, error) {
	list, err := t.Pods.Exec(ctx, probe.PodRef, "/agnhost", "dns-suffix")
	if err != nil {
		return "", fmt.Errorf("read the search list of a pod: %w", err)
	}
	for suffix := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		if domain, found := strings.CutPrefix(suffix, "svc."); found {
			return domain, nil
		}
	}
	return "", fmt.Errorf("the search list of a pod, %q, has no svc.DOMAIN", strings.TrimSpace(list))
}

// question is one query and the answer that is right.
type question struct {
	name   string
	kind   uint16
	want   []string // the data of the records, sorted; nil means there is no such name
	reason string
}

func questionsFor(namespace, domain, address string, probes []Probe) []question {
	under := func(labels ...string) string {
		return dns.Fqdn(strings.Join(append(labels, namespace, "svc", domain), "."))
	}
	var pods []string
	for _, probe := range probes {
		pods = append(pods, probe.IP)
	}
	slices.Sort(pods)
	reverse, _ := dns.ReverseAddr(address)
	return []question{
		{under(fleetService), dns.TypeA, []string{address}, "the Service's address"},
		{under(headlessFleet), dns.TypeA, pods, "a headless Service's pods"},
		{under("_"+portName, "_tcp", fleetService), dns.TypeSRV, []string{fmt.Sprintf("%d %s", servicePort, under(fleetService))}, "the Service's port"},
		{reverse, dns.TypePTR, []string{under(fleetService)}, "the name of the Service's address"},
		{under("no-such-service"), dns.TypeA, nil, "a name that does not exist"},
	}
}

// ask sends the question to one CoreDNS pod, over TCP through the API server.
func (q question) ask(ctx context.Context, t *Target, server string) (string, error) {
	conn, err := t.Pods.DialPod(ctx, "kube-system", server, dnsPort)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	query := new(dns.Msg).SetQuestion(q.name, q.kind)
	answer, err := exchange(ctx, conn, query)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", dns.TypeToString[q.kind], q.name, err)
	}
	if problem := q.judge(answer); problem != "" {
		return "", fmt.Errorf("%s %s (%s): %s", dns.TypeToString[q.kind], q.name, q.reason, problem)
	}
	return fmt.Sprintf("%s %s: %s", dns.TypeToString[q.kind], q.name, strings.Join(append([]string{dns.RcodeToString[answer.Rcode]}, q.want...), " ")), nil
}

func exchange(ctx context.Context, conn net.Conn, query *dns.Msg) (*dns.Msg, error) {
	if deadline, bounded := ctx.Deadline(); bounded {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	stream := &dns.Conn{Conn: tcpConn{conn}}
	if err := stream.WriteMsg(query); err != nil {
		return nil, err
	}
	return stream.ReadMsg()
}

// tcpConn hides that the connection could be a packet connection, so that the
// messages are framed with their length.
type tcpConn struct{ net.Conn }

// judge says how an answer differs from the right one.
func (q question) judge(answer *dns.Msg) string {
	if q.want == nil {
		if answer.Rcode != dns.RcodeNameError {
			return fmt.Sprintf("answered %s, not %s", dns.RcodeToString[answer.Rcode], dns.RcodeToString[dns.RcodeNameError])
		}
		return ""
	}
	if answer.Rcode != dns.RcodeSuccess {
		return "answered " + dns.RcodeToString[answer.Rcode]
	}
	var got []string
	for _, record := range answer.Answer {
		switch r := record.(type) {
		case *dns.A:
			if address, ok := netip.AddrFromSlice(r.A); ok {
				got = append(got, address.Unmap().String())
			}
		case *dns.SRV:
			got = append(got, fmt.Sprintf("%d %s", r.Port, r.Target))
		case *dns.PTR:
			got = append(got, r.Ptr)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, q.want) {
		return fmt.Sprintf("answered %v, not %v", got, q.want)
	}
	return ""
}

// dialByName lets every probe connect to the Service by its name.
func dialByName(ctx context.Context, probes []Probe, name string) error {
	var mu sync.Mutex
	var broken []string
	group, ctx := errgroup.WithContext(ctx)
	for _, from := range probes {
		group.Go(func() error {
			answers, failures, err := from.Dial(ctx, "http", name, servicePort, 1)
			if err != nil {
				return Unobservable(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(failures) > 0 {
				broken = append(broken, fmt.Sprintf("%s -> %s: %s", from.Node, name, failures[0]))
			} else if len(answers) == 0 {
				broken = append(broken, fmt.Sprintf("%s -> %s: no answer", from.Node, name))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return allOrError(broken)
}
