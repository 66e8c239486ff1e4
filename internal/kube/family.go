package kube

import "strings"

// ByFamily separates addresses or subnets of IPv4 and IPv6, which have commas
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
