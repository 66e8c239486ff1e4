package certificates

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// certified makes a certificate that is valid between two times.
func certified(t *testing.T, name string, from, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// serves answers one handshake, and wants a client certificate as etcd does.
func serves(certificate tls.Certificate) net.Conn {
	client, server := net.Pipe()
	go func() {
		conn := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert})
		_ = conn.Handshake()
		server.Close()
	}()
	return client
}

func TestCertificatesLast(t *testing.T) {
	const day = 24 * time.Hour
	good := func(until time.Duration) func(*testing.T) net.Conn {
		return func(t *testing.T) net.Conn {
			return serves(certified(t, "served", targettest.OtherClock.Add(-day), targettest.OtherClock.Add(until)))
		}
	}
	year := good(365 * day)
	tests := map[string]struct {
		kubelet func(*testing.T) net.Conn
		edit    func(map[string]*corev1.Node, map[string]*corev1.Pod)
		want    string
		unseen  bool
	}{
		"all good":     {year, nil, "", false},
		"a month left": {good(30*day + time.Hour), nil, "", false},
		"weeks left":   {good(29 * day), nil, "w2: kubelet, port 10250: the certificate of CN=served ends in 29 days, on 2001-01-30 00:00:00", false},
		"ended":        {good(-time.Hour), nil, "w2: kubelet, port 10250: the certificate of CN=served ended on 2000-12-31 23:00:00", false},
		"not yet valid": {func(t *testing.T) net.Conn {
			return serves(certified(t, "served", targettest.OtherClock.Add(day), targettest.OtherClock.Add(365*day)))
		}, nil, "is not valid before 2001-01-02", false},
		"no answer": {func(*testing.T) net.Conn { return nil }, nil, "w2: kubelet, port 10250: connection refused", true},
		"no TLS": {func(*testing.T) net.Conn {
			client, server := net.Pipe()
			go func() {
				_, _ = server.Read(make([]byte, 1<<16))
				_, _ = server.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				server.Close()
			}()
			return client
		}, nil, "w2: kubelet, port 10250: tls: first record does not look like a TLS handshake", true},
		"no way to a kubelet": {year, func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false }, "2 kubelets that can be reached, expected 3", false},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", targettest.OtherClock.Format(http.TimeFormat))
	}))
	defer server.Close()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dial := func(pod string, port int) (net.Conn, error) {
				answer := year
				if pod == "kube-proxy-w2" && port == 10250 {
					answer = test.kubelet
				}
				if conn := answer(t); conn != nil {
					return conn, nil
				}
				return nil, errors.New("connection refused")
			}
			objects := append(verifytest.SmallCluster(test.edit), verifytest.ComponentPod("kube-apiserver", "cp1"), verifytest.ComponentPod("etcd", "cp1"))
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{OnDial: dial}, objects...)
			target.Kube.Config = &rest.Config{Host: server.URL}
			evidence, err := certificatesLast(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if verify.IsUnobservable(err) != test.unseen {
				t.Errorf("unobservable: %v", !test.unseen)
			}
			if err == nil && len(evidence) != 5 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

// TestCertificatesWithoutHostPods leaves a worker without any pod on its host network.
func TestCertificatesWithoutHostPods(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", targettest.OtherClock.Format(http.TimeFormat))
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		cni, proxy string
		gone       bool
		want       string
	}{
		"no CNI and no kube-proxy":          {"none", "none", false, ""},
		"no CNI, and kube-proxy is gone":    {"none", "iptables", true, ""},
		"no CNI, with kube-proxy":           {"none", "iptables", false, "2 kubelets that can be reached, expected 3"},
		"a CNI that does kube-proxy's work": {"cilium", "none", false, "2 kubelets that can be reached, expected 3"},
	} {
		t.Run(name, func(t *testing.T) {
			expect := targettest.ThreeNodes
			expect.CNI, expect.ProxyMode = test.cni, test.proxy
			objects := verifytest.SmallCluster(func(_ map[string]*corev1.Node, p map[string]*corev1.Pod) { p["w2"].Spec.HostNetwork = false })
			target := targettest.New(expect, verifytest.Pods{OnDial: func(string, int) (net.Conn, error) {
				return serves(certified(t, "served", targettest.OtherClock.Add(-time.Hour), targettest.OtherClock.AddDate(1, 0, 0))), nil
			}}, append(objects, verifytest.ComponentPod("kube-apiserver", "cp1"), verifytest.ComponentPod("etcd", "cp1"))...)
			target.Kube.Config = &rest.Config{Host: server.URL}
			if test.gone {
				target.Survey(t.Context()) // which finds no DaemonSet
			}
			evidence, err := certificatesLast(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if said := strings.Join(evidence, "\n"); err == nil && (len(evidence) != 5 || !strings.Contains(said, "not that of the kubelet of w2")) {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}

func TestClockIsTheAPIServers(t *testing.T) {
	for date, want := range map[string]string{"": "the API server's time: ", targettest.OtherClock.Format(http.TimeFormat): ""} {
		t.Run(fmt.Sprintf("%q", date), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Date"] = nil
				if date != "" {
					w.Header().Set("Date", date)
				}
			}))
			defer server.Close()
			target := targettest.New(targettest.ThreeNodes, verifytest.Pods{})
			target.Kube.Config = &rest.Config{Host: server.URL}
			now, err := clock(t.Context(), target)
			verifytest.WantErr(t, err, want)
			if err == nil && !now.Equal(targettest.OtherClock) {
				t.Errorf("got %v", now)
			}
		})
	}
}
