package observe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindctl/kindctl/internal/timeline"
)

// aJournal is what a control plane's journal answers; kubeadm restarts its
// kubelet.
const aJournal = `{"__CURSOR":"s=1;i=1","__REALTIME_TIMESTAMP":"1767323046100000","__MONOTONIC_TIMESTAMP":"100","_BOOT_ID":"b","MESSAGE_ID":"7d4958e842da4a758f6c1cdc7b36dcc5","UNIT":"containerd.service"}
{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1767323046700001","__MONOTONIC_TIMESTAMP":"200","_BOOT_ID":"b","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf","UNIT":"containerd.service"}
{"__CURSOR":"s=1;i=3","__REALTIME_TIMESTAMP":"1767323046900000","__MONOTONIC_TIMESTAMP":"300","_BOOT_ID":"b","MESSAGE_ID":"eed00a68ffd84e31882105fd973abdd1","USERSPACE_USEC":"1900000"}
{"__CURSOR":"s=1;i=4","__REALTIME_TIMESTAMP":"1767323049000000","__MONOTONIC_TIMESTAMP":"400","_BOOT_ID":"b","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf","UNIT":"kubelet.service"}
{"__CURSOR":"s=1;i=5","__REALTIME_TIMESTAMP":"1767323059000000","__MONOTONIC_TIMESTAMP":"500","_BOOT_ID":"b","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf","UNIT":"kubelet.service"}
`

func moment(microseconds int64) timeline.Moment {
	return timeline.Moment{Time: time.UnixMicro(microseconds)}
}

func TestRecall(t *testing.T) {
	got := timeline.NodeFacts{Name: "a"}
	if err := recall(&got, []byte(aJournal)); err != nil {
		t.Fatal(err)
	}
	want := timeline.NodeFacts{
		Name: "a", Systemd: moment(1767323045000000), Containerd: moment(1767323046100000), Runtime: moment(1767323046700001),
		Booted: moment(1767323046900000), Kubelet: moment(1767323049000000),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRecallOfOtherAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		journal string
		wrong   bool
	}{
		"nothing":      {"", false},
		"no journal":   {"No journal files were found.\n", true},
		"another time": {`{"__REALTIME_TIMESTAMP":"now","UNIT":"kubelet.service","MESSAGE_ID":"39f53479d3a045ac8e11786248231fbf"}`, true},
	} {
		node := timeline.NodeFacts{}
		if err := recall(&node, []byte(tt.journal)); (err != nil) != tt.wrong {
			t.Errorf("%s: error %v, want one: %v", name, err, tt.wrong)
		}
		if diff := cmp.Diff(timeline.NodeFacts{}, node); diff != "" {
			t.Errorf("%s: something is recalled: %s", name, diff)
		}
	}
}
