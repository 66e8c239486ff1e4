package probe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ServiceBackends is a Service's port at one of its addresses, and the endpoints to
// which it must lead.
type ServiceBackends struct {
	Name      string // NAMESPACE/NAME:PORTNAME
	Address   netip.AddrPort
	Endpoints []string // as net.JoinHostPort writes them, sorted
}

// String is ADDRESS leads to ENDPOINT, ENDPOINT.
func (b ServiceBackends) String() string {
	return fmt.Sprintf("%s leads to %s", b.Address, strings.Join(b.Endpoints, ", "))
}

// LeadsTo compares where rules lead with where they should.
func (b ServiceBackends) LeadsTo(found []string) error {
	slices.Sort(found)
	if !slices.Equal(found, b.Endpoints) {
		return fmt.Errorf("the rules lead %s to %v, not to %v", b.Address, found, b.Endpoints)
	}
	return nil
}
