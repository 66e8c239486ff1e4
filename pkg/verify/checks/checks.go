// Package checks assembles the checks that every cluster must pass, of one package for
// each subject.
package checks

import (
	"slices"

	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/checks/admission"
	"github.com/kindctl/kindctl/pkg/verify/checks/apiserver"
	"github.com/kindctl/kindctl/pkg/verify/checks/certificates"
	"github.com/kindctl/kindctl/pkg/verify/checks/config"
	"github.com/kindctl/kindctl/pkg/verify/checks/controllers"
	"github.com/kindctl/kindctl/pkg/verify/checks/dns"
	"github.com/kindctl/kindctl/pkg/verify/checks/etcd"
	"github.com/kindctl/kindctl/pkg/verify/checks/network"
	"github.com/kindctl/kindctl/pkg/verify/checks/node"
	"github.com/kindctl/kindctl/pkg/verify/checks/policy"
	"github.com/kindctl/kindctl/pkg/verify/checks/proxy"
	"github.com/kindctl/kindctl/pkg/verify/checks/storage"
)

// Core returns the checks that every cluster must pass, whatever its CNI, in
// the order in which people read them. It may have one of the CNIs that are named, of
// which the core knows no more.
func Core(cnis ...verify.CNI) []verify.Check {
	return slices.Concat(
		apiserver.Checks(), config.Checks(), certificates.Checks(), etcd.Checks(), controllers.Checks(), node.Checks(),
		proxy.Checks(), network.Checks(cnis), dns.Checks(), policy.Checks(), admission.Checks(), storage.Checks(),
	)
}
