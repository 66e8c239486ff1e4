package etcd

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

func TestEtcdSpace(t *testing.T) {
	started := func(arguments ...string) *corev1.Pod {
		pod := verifytest.ComponentPod("etcd", "cp1")
		pod.Spec.Containers = []corev1.Container{{Name: "etcd", Command: append([]string{"etcd", "--name=cp1"}, arguments...)}}
		return pod
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		more string
		want string
	}{
		"room":                     {started(), `,"dbSize":20000000,"dbSizeInUse":1000000,"dbSizeQuota":2147483648`, ""},
		"just under":               {started(), `,"dbSize":799,"dbSizeInUse":1,"dbSizeQuota":1000`, ""},
		"barely a quota":           {started(), `,"dbSize":20971520,"dbSizeInUse":1048576,"dbSizeQuota":22020096`, "etcd-cp1: the database takes 20.0 MiB, 95.2 % of its quota of 21.0 MiB; 1.0 MiB hold data"},
		"just over":                {started(), `,"dbSize":800,"dbSizeInUse":1,"dbSizeQuota":1000`, "80.0 % of its quota"},
		"an alarm":                 {started(), `,"dbSize":1,"dbSizeQuota":2147483648,"errors":["memberID:1 alarm:NOSPACE "]`, "etcd-cp1: memberID:1 alarm:NOSPACE"},
		"no size":                  {started(), `,"dbSizeQuota":2147483648`, "etcd-cp1: it reports a database of no size"},
		"old, the default quota":   {started(), `,"dbSize":1700000000`, ""},
		"old, over the default":    {started(), `,"dbSize":1800000000`, "of its quota of 2048.0 MiB"},
		"old, with a quota":        {started("--quota-backend-bytes=22020096"), `,"dbSize":20971520`, "of its quota of 21.0 MiB"},
		"old, with a larger quota": {started("--quota-backend-bytes=8589934592"), `,"dbSize":1800000000`, ""},
		"old, quota 0 is default":  {started("--quota-backend-bytes=0"), `,"dbSize":1800000000`, "of its quota of 2048.0 MiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pods := verifytest.Pods{Outputs: map[string]string{"etcd-cp1": printedStatus(1, 1, test.more)}}
			evidence, err := etcdSpace(t.Context(), targettest.New(targettest.ThreeNodes, pods, test.pod))
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
	_, err := etcdSpace(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}))
	verifytest.WantErr(t, err, "0 etcd pods, expected 1")
	_, err = etcdSpace(t.Context(), targettest.New(targettest.ThreeNodes, verifytest.Pods{}, started()))
	verifytest.WantErr(t, err, "etcd-cp1: etcdctl: exit code 1: connection refused")
}
