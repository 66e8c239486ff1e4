package dns

import (
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
	"github.com/kindctl/kindctl/pkg/verify/probe"
)

// records answers for a DNS server: by question, the data of its answer in the
// form of zone files. What is not there has no name.
type records map[string][]string

func (r records) answer(query *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(query)
	reply.Authoritative = true
	asked := query.Question[0]
	data, found := r[dns.TypeToString[asked.Qtype]+" "+asked.Name]
	if !found {
		return reply.SetRcode(query, dns.RcodeNameError)
	}
	for _, text := range data {
		if text == "SERVFAIL" {
			return reply.SetRcode(query, dns.RcodeServerFailure)
		}
		record, err := dns.NewRR(asked.Name + " 30 IN " + dns.TypeToString[asked.Qtype] + " " + text)
		if err != nil {
			panic(err)
		}
		reply.Answer = append(reply.Answer, record)
	}
	return reply
}

// serve answers on the other end of a connection until it is closed.
func (r records) serve() net.Conn {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		stream := &dns.Conn{Conn: far}
		for {
			query, err := stream.ReadMsg()
			if err != nil {
				return
			}
			if err := stream.WriteMsg(r.answer(query)); err != nil {
				return
			}
		}
	}()
	return near
}

// netexec answers /dial over UDP to the server as agnhost does: what is no
// UTF-8 is lost in its JSON.
func (r records) netexec(path string) (int, []byte, error) {
	asked, err := url.Parse(path)
	if err != nil {
		return 0, nil, err
	}
	query := new(dns.Msg)
	if err := query.Unpack([]byte(asked.Query().Get("request"))); err != nil {
		return 0, nil, err
	}
	packet, err := r.answer(query).Pack()
	if err != nil {
		return 0, nil, err
	}
	body, err := json.Marshal(map[string][]string{"responses": {string(packet)}})
	return 200, body, err
}

// fleetRecords are those of the fleet's Services as CoreDNS has them.
func fleetRecords() records {
	return records{
		"A fleet.ns.svc.cluster.local.":              {"10.96.200.7"},
		"A fleet-headless.ns.svc.cluster.local.":     {"10.244.1.9", "10.244.0.5"},
		"SRV _http._tcp.fleet.ns.svc.cluster.local.": {"0 100 80 fleet.ns.svc.cluster.local."},
		"PTR 7.200.96.10.in-addr.arpa.":              {"fleet.ns.svc.cluster.local."},
	}
}

var fleetQuestions = questionsFor("ns", "cluster.local", []string{"10.96.200.7"}, []probe.Probe{{IPs: []string{"10.244.0.5"}}, {IPs: []string{"10.244.1.9"}}})

func TestDNSPods(t *testing.T) {
	leaving := verifytest.DNSPod("c", "w2", true)
	leaving.DeletionTimestamp, leaving.Finalizers = &metav1.Time{}, []string{"x"}
	tests := map[string]struct {
		objects []runtime.Object
		want    string
	}{
		"as many as wanted":    {[]runtime.Object{verifytest.DNSDeployment(2), verifytest.DNSPod("a", "w1", true), verifytest.DNSPod("b", "w2", true)}, ""},
		"one more, on its way": {[]runtime.Object{verifytest.DNSDeployment(1), verifytest.DNSPod("a", "w1", true), verifytest.DNSPod("b", "w2", false)}, ""},
		"no deployment":        {[]runtime.Object{verifytest.DNSPod("a", "w1", true)}, ""},
		"one is not ready":     {[]runtime.Object{verifytest.DNSDeployment(2), verifytest.DNSPod("a", "w1", true), verifytest.DNSPod("b", "w2", false)}, "1 of 2 CoreDNS pods are ready; b on w2: CrashLoopBackOff"},
		"one leaves":           {[]runtime.Object{verifytest.DNSDeployment(2), verifytest.DNSPod("a", "w1", true), leaving}, "1 of 2 CoreDNS pods are ready"},
		"none":                 {nil, "0 of 1 CoreDNS pods are ready"},
		"none is wanted":       {[]runtime.Object{verifytest.DNSDeployment(0)}, "0 of 1 CoreDNS pods are ready"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pods, err := dnsPods(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}, test.objects...))
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(pods) == 0 {
				t.Error("no pods")
			}
		})
	}
}

func TestDNSAddress(t *testing.T) {
	for ip, want := range map[string]string{"10.96.0.10": "", corev1.ClusterIPNone: "has no ClusterIP", "": "has no ClusterIP"} {
		service := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: verify.SystemNamespace, Name: ServiceName},
			Spec:       corev1.ServiceSpec{ClusterIP: ip},
		}
		got, err := Address(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}, service))
		verifytest.WantErr(t, err, want)
		if err == nil && got != ip {
			t.Errorf("got %q", got)
		}
	}
	_, err := Address(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}))
	verifytest.WantErr(t, err, "get service kube-system/kube-dns")
}

func TestAskPod(t *testing.T) {
	type change func(records)
	set := func(key string, data ...string) change { return func(r records) { r[key] = data } }
	drop := func(key string) change { return func(r records) { delete(r, key) } }
	tests := map[string]struct {
		change change
		want   string
	}{
		"all right":             {func(records) {}, ""},
		"another address":       {set("A fleet.ns.svc.cluster.local.", "10.96.200.8"), "CoreDNS pod a: A fleet.ns.svc.cluster.local. (the Service's address): answered [10.96.200.8], not [10.96.200.7]"},
		"an endpoint missing":   {set("A fleet-headless.ns.svc.cluster.local.", "10.244.0.5"), "answered [10.244.0.5], not [10.244.0.5 10.244.1.9]"},
		"no such service":       {drop("SRV _http._tcp.fleet.ns.svc.cluster.local."), "(the Service's port): answered NXDOMAIN"},
		"another port":          {set("SRV _http._tcp.fleet.ns.svc.cluster.local.", "0 100 81 fleet.ns.svc.cluster.local."), "answered [81 fleet"},
		"broken":                {set("PTR 7.200.96.10.in-addr.arpa.", "SERVFAIL"), "answered SERVFAIL"},
		"a name out of nowhere": {set("A no-such-service.ns.svc.cluster.local.", "10.0.0.1"), "answered NOERROR, not NXDOMAIN"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, dials := fleetRecords(), 0
			test.change(server)
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{OnDial: func(pod string, port int) (net.Conn, error) {
				dials++
				if pod != "a" || port != dnsPort {
					t.Errorf("dialed %s:%d", pod, port)
				}
				return server.serve(), nil
			}})
			err := askPod(t.Context(), target, "a", fleetQuestions)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) || dials != 1 {
				t.Errorf("%d dials, %v", dials, err)
			}
		})
	}
}

func TestAskPodTellsRefusalFromTransport(t *testing.T) {
	ask := func(dial func(string, int) (net.Conn, error)) error {
		return askPod(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{OnDial: dial}), "a", fleetQuestions)
	}
	err := ask(func(string, int) (net.Conn, error) { return nil, errors.New("502 Bad Gateway") })
	verifytest.WantErr(t, err, "dial CoreDNS pod a: 502 Bad Gateway")
	if !verify.IsUnobservable(err) {
		t.Errorf("%v counts as an answer", err)
	}
	err = ask(func(string, int) (net.Conn, error) {
		near, far := net.Pipe()
		far.Close()
		return near, nil
	})
	if err == nil || verify.IsUnobservable(err) || !strings.HasPrefix(err.Error(), "CoreDNS pod a: A fleet.") {
		t.Errorf("a closed connection: %v", err)
	}
}
func TestAskPodDoesNotWaitForSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go func() { // reads and never answers
			buffer := make([]byte, 512)
			for {
				if _, err := far.Read(buffer); err != nil {
					return
				}
			}
		}()
		target := targettest.New(targettest.ThreeNodes, verifytest.Pods{OnDial: func(string, int) (net.Conn, error) { return near, nil }})
		err := askPod(t.Context(), target, "a", fleetQuestions)
		verifytest.WantErr(t, err, "(the Service's address): no answer within 4s")
		if verify.IsUnobservable(err) {
			t.Error("silence is an answer")
		}
	})
}

func TestAskPodWantsTheAnswerToItsQuestion(t *testing.T) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		stream := &dns.Conn{Conn: far}
		query, err := stream.ReadMsg()
		if err != nil {
			return
		}
		answer := fleetRecords().answer(query)
		answer.Id++
		_ = stream.WriteMsg(answer)
	}()
	target := targettest.New(targettest.ThreeNodes, verifytest.Pods{OnDial: func(string, int) (net.Conn, error) { return near, nil }})
	verifytest.WantErr(t, askPod(t.Context(), target, "a", fleetQuestions), "answered what was not asked")
}
