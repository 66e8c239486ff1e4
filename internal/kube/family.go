package kube

import "strings"

// ByFamily tells addresses or subnets of IPv4 and IPv6 apart, which have commas
// between; "" is none.
func ByFamily(list string) (four, six string) {
	for each := range strings.SplitSeq(list, ",") {
		if strings.Contains(each, ":") {
			six = each
		} else {
			four = each
		}
	}
	return four, six
}
