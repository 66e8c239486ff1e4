package kube

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"testing"

	"k8s.io/client-go/rest"
)

func TestOnThisHost(t *testing.T) {
	tests := map[string]bool{
		"https://127.0.0.1:6443": true, "https://[::1]:6443": true, "localhost:6443": true, "127.0.0.5:1": true,
		"https://192.0.2.1:6443": false, "https://api.example.test": false, "https://": false, "://": false,
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range own {
		if prefix, err := netip.ParsePrefix(each.String()); err == nil && !prefix.Addr().IsLinkLocalUnicast() {
			tests["https://"+netip.AddrPortFrom(prefix.Addr(), 6443).String()] = true
		}
	}
	for server, want := range tests {
		if got := onThisHost(server); got != want {
			t.Errorf("%s: %v, want %v", server, got, want)
		}
	}
}

// TestProxyOfTheEnvironment runs this test again in a process with a proxy that does
// not answer: Go reads the variables once, and never takes a proxy for loopback
// addresses.
func TestProxyOfTheEnvironment(t *testing.T) {
	if os.Getenv("KINDCTL_TEST_PROXIED") == "" {
		command := exec.Command(os.Args[0], "-test.run=TestProxyOfTheEnvironment", "-test.v")
		command.Env = append(os.Environ(), "KINDCTL_TEST_PROXIED=1", "HTTP_PROXY=http://127.0.0.1:9", "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=localhost")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"gitVersion": "v1.37.2"}`))
	}))
	server.Listener.Close()
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	defer server.Close()
	client, err := New(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if version, err := client.Version(t.Context()); err != nil || version != "v1.37.2" {
		t.Errorf("version %q, %v", version, err)
	}
}

// ownAddress is one of this machine's that is not the loopback address.
func ownAddress(t *testing.T) string {
	t.Helper()
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range own {
		if prefix, err := netip.ParsePrefix(each.String()); err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() {
			return prefix.Addr().String()
		}
	}
	t.Skip("this machine has no address but the loopback one")
	return ""
}
