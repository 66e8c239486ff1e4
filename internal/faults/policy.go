package faults

import "fmt"

const samplePolicy = `{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "allow"}, "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]}}`

func samplePod(name string) string {
	return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": %q}, "spec": {"automountServiceAccountToken": false, "containers": [{"name": "a", "image": "b"}]}}`, name)
}

var policyFaults = []Fault{
	{
		ID: "allow-everything", Check: "netpol.deny", What: "a policy of higher order allows everything", Needs: Needs{CNI: "calico"}, Stages: []string{"calico"}, action: object(`
apiVersion: crd.projectcalico.org/v1
kind: GlobalNetworkPolicy
metadata: {name: default.baseline}
spec: {tier: default, order: 1, selector: all(), types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Allow}]}
`),
		Story: &Story{Level: Medium,
			Symptom: "Nothing is refused any more. NetworkPolicies that deny are there, select the right pods, and have no effect.",
			Look:    "The NetworkPolicies are right, so ask what else decides: `kubectl get globalnetworkpolicies.crd.projectcalico.org -o yaml`.",
			Lesson:  "Calico sorts its own policies and those of Kubernetes by their order, and the first rule that matches decides. A policy that comes earlier and allows leaves nothing for the others to deny. Kubernetes' own policies can only be added up; those of CNIs can overrule them.",
			Repair:  "Delete the GlobalNetworkPolicy that allows everything: `kubectl delete globalnetworkpolicies.crd.projectcalico.org default.baseline`.",
		},
	},
	{
		ID: "allowed-label", Check: "netpol.allow", What: "a policy that is to allow a label comes to allow another", Stages: []string{"calico"},
		action: mutation("networkpolicies", "object.metadata.name == 'allow'",
			"[JSONPatch{op: 'add', path: '/spec/ingress/0/from/0/podSelector/matchLabels/unknown', value: 'yes'}]", samplePolicy,
			"{.spec.ingress[0].from[0].podSelector.matchLabels.unknown}", "yes"),
	},
}
