package calico

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJudgeSessions(t *testing.T) {
	const established = `{"status": {"lastUpdated": "2026-01-02T03:04:05Z", "bgp": {"numberEstablishedV4": 2, "peersV4": [
		{"peerIP": "172.18.0.3", "state": "Established", "type": "NodeMesh"}, {"peerIP": "172.18.0.4", "state": "Established", "type": "NodeMesh"}]}}}`
	tests := map[string]struct {
		object string
		peers  int
		want   string
	}{
		"all established":   {established, 2, ""},
		"a peer is missing": {established, 3, "2 sessions are established, expected 3"},
		"one is not":        {strings.Replace(established, `"Established"`, `"Connect"`, 1), 2, "the session with 172.18.0.3 is Connect"},
		"not reported":      {`{"spec": {"node": "a"}}`, 2, "has not reported"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			if err := json.Unmarshal([]byte(test.object), &object); err != nil {
				t.Fatal(err)
			}
			_, err := judgeSessions(object, test.peers)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
		})
	}
}
