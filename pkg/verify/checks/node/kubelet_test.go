package node

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kindctl/kindctl/internal/kube"
	"github.com/kindctl/kindctl/pkg/verify"
	"github.com/kindctl/kindctl/pkg/verify/internal/targettest"
	"github.com/kindctl/kindctl/pkg/verify/internal/verifytest"
)

// starting makes every new pod ready at once, as a node does.
func starting(target *verify.Target) *verify.Target {
	target.Kube.Clientset.(*fake.Clientset).PrependReactor("create", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		pod := action.(clienttesting.CreateAction).GetObject().(*corev1.Pod)
		pod.Namespace = action.GetNamespace()
		pod.Status = corev1.PodStatus{
			Phase:      corev1.PodRunning,
			PodIP:      "10.0.0.1",
			Conditions: []corev1.PodCondition{{Type: corev1.ContainersReady, Status: corev1.ConditionTrue}},
		}
		return false, nil, nil
	})
	return target
}

func TestKubeletsWork(t *testing.T) {
	tests := map[string]struct {
		exec func(word string) (string, error)
		echo func(path string) (int, string, error)
		log  func(word string) string
		want string
	}{
		"works":             {nil, nil, nil, ""},
		"exec fails":        {func(string) (string, error) { return "", errors.New("cannot execute runc") }, nil, nil, "w1: host-w1: run a command: cannot execute runc"},
		"another output":    {func(string) (string, error) { return "[agnhost]", nil }, nil, nil, `a command printed "[agnhost]"`},
		"no answer":         {nil, func(string) (int, string, error) { return 0, "", errors.New("connection refused") }, nil, "send a request: connection refused"},
		"a strange answer":  {nil, func(string) (int, string, error) { return 404, "", nil }, nil, "a request was answered with 404"},
		"the log lacks it":  {nil, nil, func(string) string { return "Started HTTP server" }, "the log lacks the request"},
		"the log is empty ": {nil, nil, func(string) string { return "" }, "the log lacks the request"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // faults are waited for
			pods := verifytest.Pods{LogOf: map[string]string{}}
			pods.OnExec = func(_ kube.PodRef, command []string) (string, error) {
				if test.exec != nil {
					return test.exec(command[len(command)-1])
				}
				return "[" + command[len(command)-1] + "]", nil
			}
			pods.OnGet = func(pod string, _ int, path string) (int, []byte, error) {
				if test.echo != nil {
					status, body, err := test.echo(path)
					return status, []byte(body), err
				}
				return 200, []byte(path), nil
			}
			target := starting(targettest.Stamped(targettest.OtherClock, verifytest.ReadyNode("w1")))
			pods.LogOf["host-w1"] = "GET /echo?msg=log-" + target.RunID
			if test.log != nil {
				pods.LogOf["host-w1"] = test.log(target.RunID)
			}
			target.Pods = pods
			evidence, err := kubeletsWork(t.Context(), target)
			verifytest.WantErr(t, err, test.want)
			if err == nil && len(evidence) != 1 {
				t.Errorf("evidence %q", evidence)
			}
		})
	}
}
