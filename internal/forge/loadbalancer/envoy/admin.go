package main

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// serveAdmin answers two of Envoy's questions at the address that the
// configuration names: /ready, and /clusters with the state of every
// endpoint. Without an address it does nothing.
func (s *server) serveAdmin() (*http.Server, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "LIVE")
	})
	mux.HandleFunc("GET /clusters", func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range s.states() {
			fmt.Fprintln(w, line)
		}
	})
	admin := &http.Server{Handler: s.logged(mux), ReadHeaderTimeout: 5 * time.Second}
	if s.boot.Admin.Address.Socket.Port == 0 {
		return admin, nil
	}
	listener, err := net.Listen("tcp", s.boot.Admin.Address.String())
	if err != nil {
		return nil, err
	}
	go func() { _ = admin.Serve(listener) }()
	return admin, nil
}

// logged logs requests if the configuration names an access log.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.boot.Admin.AccessLog != "" {
			s.log.Info("admin", "method", r.Method, "path", r.URL.Path, "client", r.RemoteAddr)
		}
		next.ServeHTTP(w, r)
	})
}

// states returns a line for each endpoint, in Envoy's form.
func (s *server) states() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.pools {
		for _, e := range p.endpoints {
			state := "/failed_active_hc"
			if e.healthy.Load() {
				state = "healthy"
			}
			lines = append(lines, fmt.Sprintf("%s::%s::health_flags::%s", name, e.address, state))
		}
	}
	slices.Sort(lines)
	return lines
}
