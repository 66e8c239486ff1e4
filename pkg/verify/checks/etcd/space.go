package etcd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify"
)

func etcdSpaceCheck() verify.Check {
	return verify.Check{
		ID: "etcd.space", Nodes: verify.ControlPlanes, Group: groupEtcd, Title: "etcd has storage space left",
		Proves: "Every etcd member must report no alarm and a database below 80 % of its quota. Once the quota is reached, etcd rejects writes while `/readyz` still succeeds.",
		Hint:   "free space with etcdctl compact and defrag, then: etcdctl alarm disarm (kubectl -n kube-system exec etcd-NODE -- etcdctl ...); or raise --quota-backend-bytes in /etc/kubernetes/manifests/etcd.yaml",
		Needs:  []string{"etcd.members", "etcd.quorum"},
		Rights: rightsOfEtcdctl,
		Skip:   hiddenEtcd, Timeout: 15 * time.Second, Attempt: 10 * time.Second,
		Run: etcdSpace,
	}
}

const (
	// etcdDefaultQuota is etcd's own (server/storage/quota.go), in bytes.
	etcdDefaultQuota = 2 << 30
	etcdQuotaFlag    = "--quota-backend-bytes"
	// etcdFullPercent of the quota leaves time to act.
	etcdFullPercent = 80
)

func etcdSpace(ctx context.Context, t *verify.Target) (verify.Evidence, error) {
	endpoints, err := allMembers(ctx, t)
	if err != nil {
		return nil, err
	}
	return verify.Evaluated(verify.Each(endpoints, member.nodeName, func(from member) (string, error) {
		status, err := statusOf(ctx, t, from)
		if err != nil {
			return "", err
		}
		seen, err := evaluateSpace(status, from.quota)
		if err != nil {
			return "", fmt.Errorf("%s: %w", from.name, err)
		}
		return from.name + ": " + seen, nil
	}))
}

// configuredQuota is what the member was started with, for those that do not
// tell their quota.
func configuredQuota(pod corev1.Pod) int64 {
	if quota, err := strconv.ParseInt(verify.FlagOf(pod, etcdQuotaFlag), 10, 64); err == nil && quota > 0 {
		return quota
	}
	return etcdDefaultQuota
}

func evaluateSpace(member etcdStatus, configured int64) (string, error) {
	status := member.Status
	if len(status.Errors) > 0 {
		return "", errors.New(strings.Join(status.Errors, ", "))
	}
	quota := status.DBSizeQuota
	if quota == 0 {
		quota = configured
	}
	if status.DBSize <= 0 {
		return "", errors.New("it reports a database of no size")
	}
	percent := float64(status.DBSize) / float64(quota) * 100
	seen := fmt.Sprintf("the database takes %s, %.1f %% of its quota of %s; %s hold data", mebibytes(status.DBSize), percent, mebibytes(quota), mebibytes(status.DBSizeInUse))
	if percent >= etcdFullPercent {
		return "", errors.New(seen)
	}
	return seen + "; no alarm", nil
}

func mebibytes(size int64) string { return fmt.Sprintf("%.1f MiB", float64(size)/(1<<20)) }
