//go:build faults

package faults

import (
	"fmt"
	"strings"
	"time"
)

// These are the ways in which faults are made.

// script breaks a node with one script and heals it with another.
func script(node func(*cluster) string, inject, heal string) func(*cluster) func() {
	return func(c *cluster) func() {
		c.Exec(node(c), inject)
		return func() { c.Exec(node(c), heal) }
	}
}

// rule adds a packet filter rule to a node: the arguments after the chain.
func rule(node func(*cluster) string, table, chain, arguments string) func(*cluster) func() {
	return func(c *cluster) func() {
		c.Exec(node(c), fmt.Sprintf("iptables -w -t %s -I %s %s", table, chain, arguments))
		return func() { c.Exec(node(c), fmt.Sprintf("iptables -w -t %s -D %s %s", table, chain, arguments)) }
	}
}

// gnaw repeats a command in a node for as long as the fault lasts, because it
// undoes what the cluster only makes during the verification.
func gnaw(node func(*cluster) string, command string) func(*cluster) func() {
	const flag = "/run/kindctl-fault"
	return func(c *cluster) func() {
		c.Exec(node(c), "touch "+flag)
		c.Exec(node(c), fmt.Sprintf("nohup bash -c 'while test -e %s; do %s; sleep 0.02; done' >/dev/null 2>&1 &", flag, command))
		return func() { c.Exec(node(c), "rm -f "+flag) }
	}
}

// object applies a manifest and deletes it.
func object(manifest string) func(*cluster) func() {
	return func(c *cluster) func() {
		manifest := c.fill(manifest)
		c.apply(manifest)
		return func() { c.Input(c.controlPlane(), manifest, kubectl+" delete --ignore-not-found -f -") }
	}
}

// fill puts the names of the nodes into a text.
func (c *cluster) fill(text string) string {
	return strings.NewReplacer("CONTROLPLANE", c.controlPlane(), "WORKER2", c.other(), "WORKER", c.worker()).Replace(text)
}

// deleted deletes an object and applies it again.
func deleted(what string) func(*cluster) func() {
	return func(c *cluster) func() {
		c.Exec(c.controlPlane(), kubectl+" get "+what+" -o yaml > /root/deleted.yaml")
		c.kubectl("delete " + what)
		return func() { c.kubectl("apply -f /root/deleted.yaml") }
	}
}

// edited changes an object's text with sed and replaces it; then it waits for a
// rollout, where one is named.
func edited(what, expression, rollout string) func(*cluster) func() {
	return func(c *cluster) func() {
		c.Exec(c.controlPlane(), kubectl+" get "+what+" -o yaml | sed -E '/^  (resourceVersion|uid|creationTimestamp):/d' > /root/original.yaml")
		c.Exec(c.controlPlane(), fmt.Sprintf("sed -E '%s' /root/original.yaml > /root/edited.yaml; ! cmp -s /root/original.yaml /root/edited.yaml", expression))
		again := func(file string) {
			c.kubectl("apply --server-side --force-conflicts -f " + file)
			if rollout != "" {
				c.kubectl("rollout restart " + rollout)
				c.kubectl("rollout status --timeout=120s " + rollout)
			}
		}
		again("/root/edited.yaml")
		return func() { again("/root/original.yaml") }
	}
}

// mutation has the API server change what the verification makes: objects of a
// resource that the condition picks. The change is an expression that is an
// object to merge, or a list of JSON patches. It waits until this is so.
func mutation(resource, condition, change, sample, path, want string) func(*cluster) func() {
	patch := "patchType: ApplyConfiguration, applyConfiguration"
	if strings.HasPrefix(change, "[") {
		patch = "patchType: JSONPatch, jsonPatch"
	}
	return func(c *cluster) func() {
		manifest := c.fill(fmt.Sprintf(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: fault}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules: [{apiGroups: ["", networking.k8s.io], apiVersions: [v1], operations: [CREATE], resources: [%s]}]
    namespaceSelector: {matchExpressions: [{key: kindctl.dev/run, operator: Exists}]}
  matchConditions: [{name: fault, expression: "has(object.metadata.name) && %s"}]
  mutations: [{%s: {expression: "%s"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: fault}
spec: {policyName: fault}
---
apiVersion: v1
kind: Namespace
metadata: {name: fault-sample, labels: {kindctl.dev/run: fault-sample}}
`, resource, condition, patch, change))
		c.apply(manifest)
		c.Eventually(time.Minute, func() (string, error) {
			out, err := c.TryExec(c.controlPlane(), fmt.Sprintf("echo '%s' | %s -n fault-sample create --dry-run=server -o jsonpath='%s' -f -", c.fill(sample), kubectl, path))
			if err == nil && out != want {
				err = fmt.Errorf("the policy has no effect yet: %q", out)
			}
			return out, err
		})
		return func() { c.Input(c.controlPlane(), manifest, kubectl+" delete --ignore-not-found -f -") }
	}
}

// argument changes a static pod's manifest on the control plane and waits until
// the pod runs with it.
func argument(component, flag string) func(*cluster) func() {
	return func(c *cluster) func() {
		file := "/etc/kubernetes/manifests/" + component + ".yaml"
		c.Exec(c.controlPlane(), "cp "+file+" /root/"+component+".yaml")
		runs := func(count string) {
			c.Eventually(2*time.Minute, func() (string, error) {
				return c.TryExec(c.controlPlane(), fmt.Sprintf(
					`test "$(%[1]s -n kube-system get pod %[2]s-%[3]s -o yaml | grep -c -e "- %[4]s$")" = %[5]s && %[1]s -n kube-system wait --for=condition=Ready pod/%[2]s-%[3]s --timeout=1s`,
					kubectl, component, c.controlPlane(), flag, count))
			})
		}
		c.Exec(c.controlPlane(), fmt.Sprintf(`sed -E "s|^    - %[1]s$|&\n    - %[2]s|" /root/%[1]s.yaml > /root/edited.yaml && mv /root/edited.yaml %[3]s`, component, flag, file))
		runs("1")
		return func() {
			c.Exec(c.controlPlane(), "cp /root/"+component+".yaml "+file)
			runs("0")
		}
	}
}

// otherArgument changes a flag in a static pod's manifest on the control plane and
// waits until the pod runs with it and is elected again.
func otherArgument(component, from, to string) func(*cluster) func() {
	return func(c *cluster) func() {
		file := "/etc/kubernetes/manifests/" + component + ".yaml"
		change := func(from, to string) {
			c.Exec(c.controlPlane(), fmt.Sprintf(`sed "s|^    - %s$|    - %s|" %s > /root/edited.yaml && mv /root/edited.yaml %[3]s`, from, to, file))
			c.Eventually(2*time.Minute, func() (string, error) {
				return c.TryExec(c.controlPlane(), fmt.Sprintf(
					`%[1]s -n kube-system get pod %[2]s-%[3]s -o yaml | grep -q -e "- %[4]s$" && %[1]s -n kube-system wait --for=condition=Ready pod/%[2]s-%[3]s --timeout=1s`,
					kubectl, component, c.controlPlane(), to))
			})
			c.elected()
		}
		change(from, to)
		return func() { change(to, from) }
	}
}

// apiArgument is argument for the API server. Clients that lost it come back
// when their pause is over; those of CoreDNS, which takes long pauses, at once.
func apiArgument(flag string) func(*cluster) func() {
	again := func(c *cluster) {
		c.elected()
		c.kubectl("-n kube-system rollout restart deployment/coredns")
		c.kubectl("-n kube-system rollout status --timeout=120s deployment/coredns")
	}
	return func(c *cluster) func() {
		heal := argument("kube-apiserver", flag)(c)
		again(c)
		return func() { heal(); again(c) }
	}
}

// absent moves a static pod's manifest away and waits until the pod is gone.
func absent(component string) func(*cluster) func() {
	file := "/etc/kubernetes/manifests/" + component + ".yaml"
	return func(c *cluster) func() {
		pod := fmt.Sprintf("pod/%s-%s", component, c.controlPlane())
		c.Exec(c.controlPlane(), "mv "+file+" /root/")
		c.kubectl("-n kube-system wait --for=delete " + pod + " --timeout=90s")
		return func() {
			c.Exec(c.controlPlane(), "mv /root/"+component+".yaml "+file)
			c.Eventually(time.Minute, func() (string, error) {
				return c.TryExec(c.controlPlane(), kubectl+" -n kube-system wait --for=condition=Ready "+pod+" --timeout=60s")
			})
		}
	}
}
