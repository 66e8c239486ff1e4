package faults

import (
	"context"
	"time"

	"github.com/kindctl/kindctl/internal/shop"
)

// DeployShop applies the shop and waits until it has rolled out.
func DeployShop(ctx context.Context, c *Cluster) error {
	image := c.Expect.ProbeImage
	if err := c.apply(ctx, shop.Manifest(image)); err != nil {
		return err
	}
	_, err := c.exec(ctx, c.ControlPlane, rolledOut)
	return err
}

// rolledOut waits for each part of the shop in turn.
const rolledOut = "for part in daemonset/front deployment/back deployment/orders; do " + kubectl + " -n " + shop.Namespace + " rollout status --timeout=120s $part || exit; done"

// RemoveShop deletes the shop, and waits until it is gone.
func RemoveShop(ctx context.Context, c *Cluster) error {
	_, err := c.kubectl(ctx, "delete namespace "+shop.Namespace+" --ignore-not-found --timeout="+removal.String())
	return err
}

// removal bounds the removal of the shop, which may wait for a node that does not answer.
const removal = 2 * time.Minute

// patched changes an object of the shop. It goes with the shop.
func patched(object, change string) action {
	return inShop("-n " + shop.Namespace + " patch " + object + " --type=strategic -p '" + change + "'")
}

// inShop breaks the shop with a command of kubectl, and heals it by its removal.
func inShop(args string) action {
	return action{inject: func(ctx context.Context, c *Cluster, _ Undo) error {
		_, err := c.kubectl(ctx, args)
		return err
	}}
}

// inPod is a change of the only container of a workload, which has its name.
func inPod(container, change string) string {
	return `{"spec": {"template": {"spec": {"containers": [{"name": "` + container + `", ` + change + `}]}}}}`
}

// policies has the CNIs that enforce NetworkPolicies, of those that kindctl knows.
var policies = Needs{Policies: true}

var shopFaults = []Fault{
	{
		ID: "shop-image", Check: "shop.ready", What: "the back's image has a tag that does not exist",
		action: inShop("-n shop set image deployment/back back=$(" + kubectl + " -n shop get deployment back -o jsonpath='{.spec.template.spec.containers[0].image}')-next"),
		Story: &Story{Level: Easy, Shop: true,
			Symptom: "The shop still answers, slower than usual. One pod of the back has the status ErrImagePull or ImagePullBackOff, and a rollout does not come to its end.",
			Look:    "`kubectl -n shop get pods`, then `kubectl -n shop describe pod` for the one that is not ready.",
			Lesson:  "A Deployment replaces pods step by step and stops when the new ones do not become ready, so that a wrong image takes nothing down. The other side of that is that a broken release may stay unnoticed while the old one serves.",
			Repair:  "`kubectl -n shop rollout undo deployment back`.",
		},
	},
	{
		ID: "shop-probe", Check: "shop.ready", What: "the back's readiness probe asks the wrong port",
		action: patched("deployment back", inPod("back", `"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8081}}`)),
		Story: &Story{Level: Easy, Shop: true,
			Symptom: "A new pod of the back is Running and `0/1` ready, and stays so. It answers when asked by its address.",
			Look:    "`kubectl -n shop describe pod` has the events of the probe: which port does it ask, and on which one does the program listen?",
			Lesson:  "Running says that the process was started, ready that it may get traffic. The kubelet decides the second by a probe that someone has written, and a probe can be wrong while the program is right. What is not ready is left out of the Service.",
			Repair:  "Correct the port of the probe to 8080, or undo the rollout: `kubectl -n shop rollout undo deployment back`.",
		},
	},
	{
		ID: "shop-scheduler", Check: "shop.ready", What: "the orders' pod names a scheduler that does not exist",
		action: patched("deployment orders", `{"spec": {"template": {"spec": {"schedulerName": "shop-scheduler"}}}}`),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "The orders' pod is Pending, without any event. Other new pods are scheduled at once.",
			Look:    "Who is asked to place this pod? `kubectl -n shop get pod -l app=orders -o yaml`, and compare its spec with that of a pod that runs.",
			Lesson:  "A pod chooses its scheduler by name, and any program may be one. If none of that name runs, no one looks at the pod and no one complains. Pending with events is a pod that fits nowhere; Pending without them is one that was never looked at.",
			Repair:  "Set `schedulerName: default-scheduler` in the Deployment: `kubectl -n shop edit deployment orders`.",
		},
	},
	{
		ID: "shop-claim", Check: "shop.ready", What: "the orders' pod uses a claim that does not exist",
		action: patched("deployment orders", `{"spec": {"template": {"spec": {"volumes": [{"name": "orders", "persistentVolumeClaim": {"claimName": "orders-2"}}]}}}}`),
		Story: &Story{Level: Easy, Shop: true,
			Symptom: "There are no orders: the only pod is Pending, and its claim is Bound.",
			Look:    "`kubectl -n shop describe pod -l app=orders`, and then the list of claims.",
			Lesson:  "Pods refer to claims, ConfigMaps and Secrets by name, and the API server accepts names of what is not there: it may come later. So a slip of the pen becomes a pod that waits. The scheduler says for what.",
			Repair:  "Name the claim `orders` in the Deployment: `kubectl -n shop edit deployment orders`.",
		},
	},
	{
		ID: "shop-resolver", Check: "shop.dns", What: "the fronts' pods have their nodes' resolv.conf",
		action: patched("daemonset front", `{"spec": {"template": {"spec": {"dnsPolicy": "Default"}}}}`),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "The front does not know the name `back`: no such host. Every other pod of the cluster resolves it.",
			Look:    "`kubectl -n shop exec ds/front -- cat /etc/resolv.conf`, beside the same file of another pod.",
			Lesson:  "A pod learns names by a file that its kubelet writes, after the field dnsPolicy. `Default` is not the default: it means the file of the node, which knows nothing of the cluster. The default is `ClusterFirst`.",
			Repair:  "Set `dnsPolicy: ClusterFirst`: `kubectl -n shop edit daemonset front`.",
		},
	},
	{
		ID: "shop-selector", Check: "shop.back", What: "the back's Service selects no pods",
		action: patched("service back", `{"spec": {"selector": {"app": "backend"}}}`),
		Story: &Story{Level: Easy, Shop: true,
			Symptom: "Connections to `back` fail at once or after a while. The Service has an address, and both pods are ready.",
			Look:    "What connects a Service with its pods? `kubectl -n shop get endpointslices`, then compare `kubectl -n shop get service back -o wide` with `kubectl -n shop get pods --show-labels`.",
			Lesson:  "A Service finds its pods by labels, and one that finds none is no error. An empty list of endpoints with ready pods beside it nearly always is a selector.",
			Repair:  "`kubectl -n shop patch service back -p '{\"spec\": {\"selector\": {\"app\": \"back\"}}}'`.",
		},
	},
	{
		ID: "shop-port", Check: "shop.back", What: "the back's Service sends to a port on which nothing listens",
		action: patched("service back", `{"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8081}]}}`),
		Story: &Story{Level: Easy, Shop: true,
			Symptom: "Connections to `back` fail, although its Service has endpoints and its pods are ready.",
			Look:    "Read the endpoints to the end: `kubectl -n shop describe service back`, and on which port the pods listen.",
			Lesson:  "A Service has two ports: `port`, which clients use, and `targetPort`, which the pods do. The first is looked at by everyone, the second is wrong more often. Endpoints show the pair of address and port that will really be used.",
			Repair:  "Set `targetPort: 8080`: `kubectl -n shop edit service back`.",
		},
	},
	{
		ID: "shop-other-proxy", Check: "shop.back", What: "the back's Service is left to another proxy",
		action: inShop("-n shop label service back service.kubernetes.io/service-proxy-name=edge"),
		Story: &Story{Level: Hard, Shop: true,
			Symptom: "The Service has an address, endpoints and the right ports. Its address does not answer from any node; the addresses of its pods are for the front to reach, and do.",
			Look:    "Are there rules for the Service on any node, as for others? If not, why would the one that writes them pass it over? Read the Service with all of its metadata.",
			Lesson:  "kube-proxy, and Cilium in its place, leave Services with the label `service.kubernetes.io/service-proxy-name` to the proxy of that name. A label, of all things, switches off what the whole Service is for.",
			Repair:  "`kubectl -n shop label service back service.kubernetes.io/service-proxy-name-`.",
		},
	},
	{
		ID: "shop-policy-label", Check: "shop.back", What: "the back's policy allows a label that no pod has", Needs: policies,
		action: patched("networkpolicy back", `{"spec": {"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "frontend"}}}], "ports": [{"protocol": "TCP", "port": 8080}]}]}}`),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "Connections from the front to `back` time out, by the Service and by the address of a pod. Endpoints are right, and the kubelet's probes pass.",
			Look:    "Silence, and not a refusal: what drops packets on purpose? `kubectl -n shop describe networkpolicies`, and the labels of the pods.",
			Lesson:  "The first policy that selects a pod turns `everyone may` into `only those named may`. A name that fits no one is valid, and the pod is alone. What comes from the pod's own node, as probes do, is let through, so that the pod looks well.",
			Repair:  "Allow `app: front` in the policy: `kubectl -n shop edit networkpolicy back`.",
		},
	},
	{
		ID: "shop-sticky", Check: "shop.spread", What: "the back's Service sticks to one pod for each client",
		action: patched("service back", `{"spec": {"sessionAffinity": "ClientIP"}}`),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "Everything answers. All requests of one front go to the same pod of the back, and one of the two may be idle.",
			Look:    "Ask many times from one pod and count who answers. Then read all of the Service: `kubectl -n shop get service back -o yaml`.",
			Lesson:  "A Service spreads connections, unless `sessionAffinity: ClientIP` has it remember, for three hours, which pod a client's address was sent to. Behind one proxy or gateway, all clients are one address.",
			Repair:  "`kubectl -n shop patch service back -p '{\"spec\": {\"sessionAffinity\": \"None\"}}'`.",
		},
	},
	{
		ID: "shop-lost-endpoint", Check: "shop.spread", What: "a node loses the jump to one endpoint of the back", Needs: Needs{ProxyModes: []string{"iptables"}, IPv4: true},
		action: gnaw(onWorker, `iptables -w -t nat -S | grep -- "-A KUBE-SVC" | grep shop/back: | grep KUBE-SEP | grep probability | head -1 | sed s/^-A/-D/ | xargs -r iptables -w -t nat`),
		Story: &Story{Level: Hard, Shop: true,
			Symptom: "From one node, only one pod of the back ever gets requests. The Service, its endpoints and its settings are right, and from other nodes both answer.",
			Look:    "Compare the rules for the Service on two nodes: `iptables-save -t nat | grep shop/back`. If you put one back and it goes again, someone takes it: `ps aux`.",
			Lesson:  "kube-proxy writes the rules of a node once, and then only what changes. It does not see what others delete until its next full turn, an hour later. When a repair does not last, look for who undoes it before you repair again.",
			Repair:  "On that node, end the loop that deletes the rule (`ps aux | grep iptables`), then have kube-proxy write its rules again: delete its pod there.",
		},
	},
	{
		ID: "shop-open", Check: "shop.policy", What: "the back's policy allows every pod", Needs: policies,
		action: patched("networkpolicy back", `{"spec": {"ingress": [{"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 8080}]}]}}`),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "Nothing fails. A pod that has no business there reaches the back.",
			Look:    "Try it: `kubectl -n shop exec deploy/orders -- /agnhost connect ADDRESS-OF-A-BACK-POD:8080 --timeout=2s`. Then read the policy.",
			Lesson:  "In a policy an empty selector means everyone, and a missing list no one: `from: [{podSelector: {}}]` opens to the whole namespace. Policies that allow too much are never noticed by those who are allowed. Only a test that must fail finds them.",
			Repair:  "Allow `app: front` alone: `kubectl -n shop edit networkpolicy back`.",
		},
	},
	{
		ID: "shop-read-only", Check: "shop.orders", What: "the orders' volume is mounted read-only",
		action: patched("deployment orders", inPod("orders", `"volumeMounts": [{"name": "orders", "mountPath": "/orders", "readOnly": true}]`)),
		Story: &Story{Level: Medium, Shop: true,
			Symptom: "The orders' pod is ready and its claim is bound. No order is kept: writing fails with `Read-only file system`.",
			Look:    "Try to write: `kubectl -n shop exec deploy/orders -- touch /orders/try`. Then see how the volume comes into the container: `kubectl -n shop describe deployment orders`.",
			Lesson:  "The claim, the volume and the mount are three things. Access modes belong to the claim and say how many nodes may use it; whether this container may write is said where it is mounted. A probe that only asks whether the process answers sees none of that.",
			Repair:  "Remove `readOnly: true` from the mount: `kubectl -n shop edit deployment orders`.",
		},
	},
}
