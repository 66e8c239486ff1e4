package bootstrap

import (
	"context"
	"crypto/x509"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/kindctl/kindctl/clusters"
	"github.com/kindctl/kindctl/internal/kubeadm"
	"github.com/kindctl/kindctl/internal/provider"
	"github.com/kindctl/kindctl/pkg/hint"
	"github.com/kindctl/kindctl/pkg/verify/checks/etcd"
)

// externalEtcd makes the members of an etcd in containers of their own, each with a
// kubelet that knows no API server and runs etcd as a static pod, as kubeadm's own
// guide has it. So the node image is all that it takes. The members know each other,
// and API servers know them, by name: their addresses may change.
type externalEtcd struct {
	up    *Up
	ca    etcdCA
	image string
}

// start makes the members, before Kubernetes is started on the nodes. A member that
// never answers is not waited for longer than anything else.
func (e *externalEtcd) start(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, e.up.WaitTimeout)
	defer cancel()
	first := e.up.firstNode()
	if e.ca, err = newEtcdCA(); err != nil {
		return err
	}
	if e.image, err = first.EtcdImage(ctx); err != nil {
		return err
	}
	var group errgroup.Group
	group.Go(func() error { return e.installClientCerts(ctx, first) })
	for _, name := range e.up.Topology.EtcdNames() {
		group.Go(func() error { return e.startMember(ctx, first, name) })
	}
	if err := group.Wait(); err != nil {
		return hint.EtcdFailed.Wrap(err, "etcd could not be started",
			"run again with --retain and look into a member: docker exec "+e.up.Topology.EtcdNames()[0]+" journalctl -u kubelet -n 50")
	}
	return nil
}

// installClientCerts gives the first control plane what it takes to come to etcd.
// Others get the same when they join.
func (e *externalEtcd) installClientCerts(ctx context.Context, plane *provider.Node) error {
	files, err := e.ca.files()
	if err != nil {
		return err
	}
	client, err := e.ca.issue(kubeadm.APIServerEtcdClient, "kube-apiserver-etcd-client", nil, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return err
	}
	pod, err := yaml.Marshal(etcdClient(e.image))
	if err != nil {
		return err
	}
	files = append(files, provider.File{Path: kubeadm.EtcdClientManifest, Mode: 0o600, Content: pod})
	return plane.WriteFiles(ctx, append(files, client...)...)
}

// startMember makes a member and waits until it answers, which it does when most
// members are there.
func (e *externalEtcd) startMember(ctx context.Context, like *provider.Node, name string) error {
	if err := like.Clone(ctx, name, clusters.EtcdMember); err != nil {
		return err
	}
	files, err := e.memberFiles(name)
	if err != nil {
		return err
	}
	member := e.up.cluster.Node(name)
	if err := member.WaitForBoot(ctx); err != nil {
		return err
	}
	if err := member.WriteFiles(ctx, files...); err != nil {
		return err
	}
	return member.StartEtcd(ctx)
}

func (e *externalEtcd) memberFiles(name string) ([]provider.File, error) {
	files, err := e.ca.files()
	if err != nil {
		return nil, err
	}
	files = files[:1] // its key is for control planes alone
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, own := range []struct {
		path  string
		hosts []string
		usage []x509.ExtKeyUsage
	}{
		{kubeadm.EtcdKeys + "server", []string{name, "localhost"}, both},
		{kubeadm.EtcdKeys + "peer", []string{name, "localhost"}, both},
		{kubeadm.EtcdKeys + "healthcheck-client", nil, both[1:]},
	} {
		issued, err := e.ca.issue(own.path, name, own.hosts, own.usage...)
		if err != nil {
			return nil, err
		}
		files = append(files, issued...)
	}
	pod, err := yaml.Marshal(etcdPod(name, e.image, e.up.Topology))
	if err != nil {
		return nil, err
	}
	return append(files,
		provider.File{Path: "/etc/kubernetes/manifests/etcd.yaml", Mode: 0o600, Content: pod},
		provider.File{Path: "/var/lib/kubelet/config.yaml", Mode: 0o644, Content: []byte(standaloneKubeletConfig)},
		provider.File{Path: "/etc/systemd/system/kubelet.service.d/20-kindctl.conf", Mode: 0o644, Content: []byte(standaloneKubeletUnit)},
	), nil
}

// standaloneKubeletConfig is the configuration of a kubelet without an API server. What it says
// of cgroups, swap and the disk is what kind says to others (kind v0.33.0,
// pkg/cluster/internal/kubeadm/config.go).
const standaloneKubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: systemd
cgroupRoot: /kubelet
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
evictionHard: {nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
failCgroupV1: false
failSwapOn: false
imageGCHighThresholdPercent: 100
readOnlyPort: 0
staticPodPath: /etc/kubernetes/manifests
`

const standaloneKubeletUnit = `[Service]
ExecStart=
ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml
`

// The ports of etcd.
const (
	etcdClientPort  = 2379
	etcdPeerPort    = 2380
	etcdMetricsPort = 2381
)

// etcdPod is a member as a static pod.
func etcdPod(name, image string, t clusters.Topology) *corev1.Pod {
	var cluster []string
	for _, member := range t.EtcdNames() {
		cluster = append(cluster, fmt.Sprintf("%s=https://%s:%d", member, member, etcdPeerPort))
	}
	everywhere := "0.0.0.0"
	if t.IPFamily == clusters.IPv6 {
		everywhere = "[::]"
	}
	command := []string{
		"etcd", "--name=" + name, "--data-dir=/var/lib/etcd",
		fmt.Sprintf("--listen-client-urls=https://%s:%d", everywhere, etcdClientPort),
		fmt.Sprintf("--advertise-client-urls=https://%s:%d", name, etcdClientPort),
		fmt.Sprintf("--listen-peer-urls=https://%s:%d", everywhere, etcdPeerPort),
		fmt.Sprintf("--initial-advertise-peer-urls=https://%s:%d", name, etcdPeerPort),
		fmt.Sprintf("--listen-metrics-urls=http://127.0.0.1:%d", etcdMetricsPort),
		"--initial-cluster=" + strings.Join(cluster, ","), "--initial-cluster-state=new", "--initial-cluster-token=" + t.Name,
		"--trusted-ca-file=" + kubeadm.EtcdKeys + "ca.crt",
		"--cert-file=" + kubeadm.EtcdKeys + "server.crt", "--key-file=" + kubeadm.EtcdKeys + "server.key", "--client-cert-auth=true",
		"--peer-trusted-ca-file=" + kubeadm.EtcdKeys + "ca.crt",
		"--peer-cert-file=" + kubeadm.EtcdKeys + "peer.crt", "--peer-key-file=" + kubeadm.EtcdKeys + "peer.key", "--peer-client-cert-auth=true",
	}
	if !t.Production() {
		command = append(command, "--unsafe-no-fsync=true")
	}
	pod := staticPod("etcd", image, command, "/var/lib/etcd", strings.TrimSuffix(kubeadm.EtcdKeys, "/"))
	pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{InitialDelaySeconds: 10, PeriodSeconds: 10, TimeoutSeconds: 15, FailureThreshold: 8,
		ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Host: "127.0.0.1", Port: intstr.FromInt32(etcdMetricsPort), Path: "/livez"}}}
	return pod
}

// etcdClient is a pod on a control plane in which people and verifications run
// etcdctl; which member they ask is for them to say. Its own process does
// nothing but read standard input.
func etcdClient(image string) *corev1.Pod {
	pod := staticPod(etcd.ClientComponent, image, []string{"etcdctl", "watch", "--interactive"}, path.Dir(kubeadm.APIServerEtcdClient))
	pod.Spec.Volumes[0].HostPath.Type = nil
	container := &pod.Spec.Containers[0]
	container.Stdin, container.VolumeMounts[0].ReadOnly = true, true
	container.Env = []corev1.EnvVar{
		{Name: "ETCDCTL_CACERT", Value: kubeadm.EtcdKeys + "ca.crt"},
		{Name: "ETCDCTL_CERT", Value: kubeadm.APIServerEtcdClient + ".crt"},
		{Name: "ETCDCTL_KEY", Value: kubeadm.APIServerEtcdClient + ".key"},
	}
	return pod
}

// staticPod is one on the host's network, that sees directories of the node.
func staticPod(name, image string, command []string, directories ...string) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceSystem,
			Labels: map[string]string{"component": name, "tier": "control-plane"}},
		Spec: corev1.PodSpec{HostNetwork: true, Containers: []corev1.Container{{Name: name, Image: image,
			ImagePullPolicy: corev1.PullIfNotPresent, Command: command}}},
	}
	kind := corev1.HostPathDirectoryOrCreate
	for i, directory := range directories {
		volume := fmt.Sprintf("dir-%d", i)
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volume,
			VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: directory, Type: &kind}}})
		pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{Name: volume, MountPath: directory})
	}
	return pod
}
