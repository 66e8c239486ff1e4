package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// question is one query and the answer that is right.
type question struct {
	name   string
	kind   uint16
	want   []string // the data of the records, sorted; nil means there is no such name
	reason string
	// anyAnswer accepts whatever another server has said: only that none could be
	// asked is wrong.
	anyAnswer bool
}

func (q question) String() string {
	return fmt.Sprintf("%s %s (%s)", dns.TypeToString[q.kind], q.name, q.reason)
}

// questionsFor are about the fleet's Services, of which the addresses are the
// first's.
// Addresses are asked for by number last: a server that does not know the
// Service yet would ask outside, and keep the answer for half a minute.
func questionsFor(namespace, domain string, addresses []string, probes []probe.Probe) (questions []question) {
	under := func(labels ...string) string { return serviceName(namespace, domain, labels...) }
	for _, address := range addresses {
		kind := addressKind(address)
		var pods []string
		for _, p := range probes {
			for _, ip := range p.IPs {
				if addressKind(ip) == kind {
					pods = append(pods, ip)
				}
			}
		}
		slices.Sort(pods)
		questions = append(questions,
			question{name: under(probe.FleetService), kind: kind, want: []string{address}, reason: "the Service's address"},
			question{name: under(probe.HeadlessFleet), kind: kind, want: pods, reason: "a headless Service's pods"})
	}
	questions = append(questions, question{name: under("no-such-service"), kind: dns.TypeA, want: nil, reason: "a name that does not exist"})
	return append(questions, textQuestions(namespace, domain, addresses)...)
}

// textQuestions have answers of ASCII text and small numbers alone.
func textQuestions(namespace, domain string, addresses []string) []question {
	under := func(labels ...string) string { return serviceName(namespace, domain, labels...) }
	questions := []question{
		{
			name:   under("_"+probe.PortName, "_tcp", probe.FleetService),
			kind:   dns.TypeSRV,
			want:   []string{fmt.Sprintf("%d %s", probe.ServicePort, under(probe.FleetService))},
			reason: "the Service's port",
		},
	}
	for _, address := range addresses {
		reverse, _ := dns.ReverseAddr(address)
		questions = append(questions, question{name: reverse, kind: dns.TypePTR, want: []string{under(probe.FleetService)}, reason: "the name of the Service's address"})
	}
	return questions
}

func serviceName(namespace, domain string, labels ...string) string {
	return dns.Fqdn(strings.Join(append(labels, namespace, "svc", domain), "."))
}

// addressKind is the type of the records that hold such an address.
func addressKind(address string) uint16 {
	if strings.Contains(address, ":") {
		return dns.TypeAAAA
	}
	return dns.TypeA
}

// answerTime bounds a DNS pod's answers to all questions on one connection.
// CoreDNS takes less than a millisecond for each that it need not forward.
const answerTime = 4 * time.Second

// askPod puts the questions to one DNS pod, over TCP through the API server, on
// one connection, until an answer is wrong. It is wrong when the pod does not
// answer, but when it cannot be reached through the API server, nothing was seen.
func askPod(ctx context.Context, t *verify.Target, pod string, questions []question) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, fmt.Errorf("no answer within %s", answerTime))
	defer cancel()
	conn, err := t.Pods.DialPod(ctx, verify.SystemNamespace, pod, dnsPort)
	if err != nil {
		return verify.Unobservable(fmt.Errorf("dial CoreDNS pod %s: %w", pod, err))
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for _, question := range questions {
		problem, err := question.ask(&dns.Conn{Conn: conn})
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
		if err != nil {
			return fmt.Errorf("CoreDNS pod %s: %s: %w", pod, question, err)
		}
		if problem != "" {
			return fmt.Errorf("CoreDNS pod %s: %s: %s", pod, question, problem)
		}
	}
	return nil
}

// ask returns what is wrong with the answer; the error is the connection's.
func (q question) ask(conn *dns.Conn) (problem string, err error) {
	query := new(dns.Msg).SetQuestion(q.name, q.kind)
	if err := conn.WriteMsg(query); err != nil {
		return "", err
	}
	answer, err := conn.ReadMsg()
	if err != nil {
		return "", err
	}
	if !answer.Response || answer.Id != query.Id {
		return "answered what was not asked", nil
	}
	return q.evaluate(answer), nil
}

// evaluate says how an answer differs from the right one, or "".
func (q question) evaluate(answer *dns.Msg) string {
	code := dns.RcodeToString[answer.Rcode]
	if q.anyAnswer {
		if answer.Rcode == dns.RcodeServerFailure {
			return "answered " + code
		}
		return ""
	}
	if q.want == nil {
		if answer.Rcode != dns.RcodeNameError {
			return fmt.Sprintf("answered %s, not %s", code, dns.RcodeToString[dns.RcodeNameError])
		}
		return ""
	}
	if answer.Rcode != dns.RcodeSuccess {
		return "answered " + code
	}
	if got := recordData(answer); !slices.Equal(got, q.want) {
		return fmt.Sprintf("answered %v, not %v", got, q.want)
	}
	return ""
}

// recordData is the data of the answer's records, sorted. Ways to the name
// (CNAME) do not count.
func recordData(answer *dns.Msg) (data []string) {
	address := func(ip net.IP) {
		if address, ok := netip.AddrFromSlice(ip); ok {
			data = append(data, address.Unmap().String())
		}
	}
	for _, record := range answer.Answer {
		switch r := record.(type) {
		case *dns.A:
			address(r.A)
		case *dns.AAAA:
			address(r.AAAA)
		case *dns.SRV:
			data = append(data, fmt.Sprintf("%d %s", r.Port, r.Target))
		case *dns.PTR:
			data = append(data, r.Ptr)
		}
	}
	slices.Sort(data)
	return data
}
