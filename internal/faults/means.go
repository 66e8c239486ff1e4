package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// These are the ways in which faults are made.

// script breaks a node with one script and heals it with another, which may be run
// although nothing is broken.
func script(node func(*Cluster) string, inject, heal string) action {
	step := func(text string) func(context.Context, *Cluster, Undo) error {
		return func(ctx context.Context, c *Cluster, _ Undo) error {
			_, err := c.exec(ctx, node(c), c.fill(text))
			return err
		}
	}
	return action{inject: step(inject), heal: step(heal)}
}

// rule adds a rule to the packet filter's raw table on a node: the arguments after the chain.
func rule(node func(*Cluster) string, chain, arguments string) action {
	inject, heal := ruleScripts("iptables", "raw", chain, arguments)
	return script(node, inject, heal)
}

// ruleScripts add a rule and remove it, however often it is there.
func ruleScripts(command, table, chain, arguments string) (add, remove string) {
	return fmt.Sprintf("%s -w -t %s -I %s %s", command, table, chain, arguments),
		fmt.Sprintf("while %s -w -t %s -D %s %s 2>/dev/null; do :; done", command, table, chain, arguments)
}

// gnaw repeats a command in a node for as long as the fault lasts, because something
// makes good what the command does.
func gnaw(node func(*Cluster) string, command string) action {
	const flag = "/run/xtables.sync"
	return script(node,
		fmt.Sprintf("touch %s; nohup bash -c 'while test -e %[1]s; do %s; sleep 0.02; done' >/dev/null 2>&1 &", flag, command),
		"rm -f "+flag)
}

// object applies a manifest and deletes it. None of its objects may exist before.
func object(manifest string) action {
	return action{
		look: func(ctx context.Context, c *Cluster, _ Undo) error {
			there, err := c.run(ctx, c.ControlPlane, c.fill(manifest), kubectl+" get --ignore-not-found -o name -f -")
			if names := strings.Fields(there); err == nil && len(names) > 0 {
				err = fmt.Errorf("the cluster has %s already", names[0])
			}
			return err
		},
		inject: func(ctx context.Context, c *Cluster, _ Undo) error { return c.apply(ctx, c.fill(manifest)) },
		heal:   func(ctx context.Context, c *Cluster, _ Undo) error { return c.remove(ctx, c.fill(manifest)) },
	}
}

// original is an object as it can be applied again: without what says which version of
// which object it is.
func (c *Cluster) original(ctx context.Context, what string) (string, error) {
	return c.kubectl(ctx, "get "+what+" -o yaml --show-managed-fields=false | sed -E '/^  (resourceVersion|uid|creationTimestamp|generation):/d'")
}

// deleted deletes an object and applies it again.
func deleted(what string) action {
	return action{
		look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
			undo["object"], err = c.original(ctx, what)
			return err
		},
		inject: func(ctx context.Context, c *Cluster, _ Undo) error {
			_, err := c.kubectl(ctx, "delete "+what)
			return err
		},
		heal: func(ctx context.Context, c *Cluster, undo Undo) error { return c.apply(ctx, undo["object"]) },
	}
}

// edited changes an object's text with sed and applies it; then it waits for a rollout,
// where one is named.
func edited(what, expression, rollout string) action {
	again := func(ctx context.Context, c *Cluster, object string) error {
		if err := c.apply(ctx, object); err != nil || rollout == "" {
			return err
		}
		_, err := c.kubectl(ctx, fmt.Sprintf("rollout restart %s && %s rollout status --timeout=120s %[1]s", rollout, kubectl))
		return err
	}
	return action{
		look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
			if undo["object"], err = c.original(ctx, what); err != nil {
				return err
			}
			undo["changed"], err = c.sed(ctx, expression, undo["object"])
			return err
		},
		inject: func(ctx context.Context, c *Cluster, undo Undo) error { return again(ctx, c, undo["changed"]) },
		heal:   func(ctx context.Context, c *Cluster, undo Undo) error { return again(ctx, c, undo["object"]) },
	}
}

// sed changes a text, which must come out different.
func (c *Cluster) sed(ctx context.Context, expression, text string) (changed string, err error) {
	changed, err = c.run(ctx, c.ControlPlane, text, fmt.Sprintf("sed -E '%s'", expression))
	if err == nil && strings.TrimSpace(changed) == strings.TrimSpace(text) {
		err = fmt.Errorf("there is nothing that %q changes", expression)
	}
	return changed, err
}

// mutation has the API server change what the verification makes: objects of a
// resource that the condition picks. The change is an expression that is an
// object to merge, or a list of JSON patches. It waits until this is so.
func mutation(resource, condition, change, sample, path, want string) action {
	patch := "patchType: ApplyConfiguration, applyConfiguration"
	if strings.HasPrefix(change, "[") {
		patch = "patchType: JSONPatch, jsonPatch"
	}
	manifest := fmt.Sprintf(`
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
`, resource, condition, patch, change)
	apply := object(manifest)
	return action{
		inject: func(ctx context.Context, c *Cluster, undo Undo) error {
			if err := apply.inject(ctx, c, undo); err != nil {
				return err
			}
			return until(ctx, time.Minute, func(ctx context.Context) error {
				out, err := c.run(ctx, c.ControlPlane, c.fill(sample), fmt.Sprintf("%s -n fault-sample create --dry-run=server -o jsonpath='%s' -f -", kubectl, path))
				if err == nil && strings.TrimSpace(out) != want {
					err = fmt.Errorf("the policy has no effect yet: %q", out)
				}
				return err
			})
		},
		heal: apply.heal,
	}
}

// staticPod changes the manifest of a static pod of the control plane, by a function that
// returns "" to remove it, and waits until the pod is what the manifest says. Then it
// calls settled, where there is one.
func staticPod(component string, change func(context.Context, *Cluster, string) (string, error), settled func(context.Context, *Cluster) error) action {
	set := func(ctx context.Context, c *Cluster, manifest, hash string) error {
		if err := c.setManifest(ctx, component, manifest, hash); err != nil || settled == nil {
			return err
		}
		return settled(ctx, c)
	}
	return action{
		look: func(ctx context.Context, c *Cluster, undo Undo) (err error) {
			if undo["manifest"], err = c.run(ctx, c.ControlPlane, "", "cat "+manifestPath(component)); err != nil {
				return err
			}
			if undo["hash"], err = c.exec(ctx, c.ControlPlane, c.mirrorHash(component)); err != nil {
				return err
			}
			undo["changed"], err = change(ctx, c, undo["manifest"])
			return err
		},
		inject: func(ctx context.Context, c *Cluster, undo Undo) error { return set(ctx, c, undo["changed"], "") },
		heal: func(ctx context.Context, c *Cluster, undo Undo) error {
			return set(ctx, c, undo["manifest"], undo["hash"])
		},
	}
}

func manifestPath(component string) string { return "/etc/kubernetes/manifests/" + component + ".yaml" }

func (c *Cluster) mirrorName(component string) string { return component + "-" + c.ControlPlane }

// mirrorHash is a command that prints the hash of the manifest that the kubelet runs a static pod
// by, or nothing. Equal manifests have equal hashes.
func (c *Cluster) mirrorHash(component string) string {
	return fmt.Sprintf(`%s -n kube-system get pod %s --ignore-not-found -o jsonpath='{.metadata.annotations.kubernetes\.io/config\.mirror}'`,
		kubectl, c.mirrorName(component))
}

// setManifest writes the manifest of a static pod, or removes it if the new one is empty, and
// waits until the API server shows the pod that the kubelet runs instead, ready, or none: the one
// with a hash, or if that is empty, one with another hash than before.
func (c *Cluster) setManifest(ctx context.Context, component, manifest, wanted string) error {
	now, err := c.run(ctx, c.ControlPlane, "", "cat "+manifestPath(component)+" 2>/dev/null || true")
	if err != nil || now == manifest {
		return err
	}
	hash := c.mirrorHash(component)
	before, _ := c.exec(ctx, c.ControlPlane, hash) // it may be the API server that is broken
	if manifest == "" {
		if _, err := c.exec(ctx, c.ControlPlane, "rm "+manifestPath(component)); err != nil {
			return err
		}
		return c.succeeds(ctx, 2*time.Minute, c.ControlPlane, fmt.Sprintf("out=$(%s) && test -z \"$out\"", hash))
	}
	if err := c.write(ctx, c.ControlPlane, manifestPath(component), manifest); err != nil {
		return err
	}
	is := fmt.Sprintf(`test -n "$now" && test "$now" != '%s'`, before)
	if wanted != "" {
		is = fmt.Sprintf(`test "$now" = '%s'`, wanted)
	}
	return c.succeeds(ctx, 3*time.Minute, c.ControlPlane, fmt.Sprintf(
		"now=$(%s) && %s && %s -n kube-system wait --for=condition=Ready pod/%s --timeout=1s", hash, is, kubectl, c.mirrorName(component)))
}

// withFlag adds a flag to the command of a static pod.
func withFlag(component, flag string) func(context.Context, *Cluster, string) (string, error) {
	return func(_ context.Context, _ *Cluster, manifest string) (string, error) {
		command := "    - " + component + "\n"
		if !strings.Contains(manifest, command) {
			return "", errors.New("its manifest has no command")
		}
		return strings.Replace(manifest, command, command+"    - "+flag+"\n", 1), nil
	}
}

// withOtherFlag changes a flag of a static pod.
func withOtherFlag(from, to string) func(context.Context, *Cluster, string) (string, error) {
	return func(_ context.Context, _ *Cluster, manifest string) (string, error) {
		if !strings.Contains(manifest, "    - "+from+"\n") {
			return "", fmt.Errorf("its manifest has no flag %s", from)
		}
		return strings.Replace(manifest, "    - "+from+"\n", "    - "+to+"\n", 1), nil
	}
}

// absent removes the manifest of a static pod.
func absent(context.Context, *Cluster, string) (string, error) { return "", nil }

// afterAPIServer waits for the clients of an API server that was away. They come back when
// their pause is over; those of CoreDNS, which takes long pauses, at once.
func afterAPIServer(ctx context.Context, c *Cluster) error {
	if err := c.elected(ctx); err != nil {
		return err
	}
	_, err := c.kubectl(ctx, "-n kube-system rollout restart deployment/coredns && "+kubectl+" -n kube-system rollout status --timeout=120s deployment/coredns")
	return err
}

// elected is Cluster.elected for staticPod.
func elected(ctx context.Context, c *Cluster) error { return c.elected(ctx) }
