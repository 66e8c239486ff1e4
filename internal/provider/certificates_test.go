package provider

import (
	"archive/tar"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	certutil "k8s.io/client-go/util/cert"
)

func TestCertificatesIn(t *testing.T) {
	pem, _, err := certutil.GenerateSelfSignedCertKey("lab-worker", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := certutil.ParseCertsPEM(pem)
	if err != nil {
		t.Fatal(err)
	}
	end := parsed[0].NotAfter
	file := func(content string) entry {
		return entry{header: tar.Header{Typeflag: tar.TypeReg}, content: []byte(content)}
	}
	conf := fmt.Sprintf("users:\n- name: admin\n  user: {client-certificate-data: %s}\n", base64.StdEncoding.EncodeToString(pem))
	files := map[string]entry{
		"/etc/kubernetes/pki/apiserver.crt":   file(string(pem)),
		"/etc/kubernetes/pki/apiserver.key":   file("key"),
		"/etc/kubernetes/pki/broken.crt":      file("nothing"),
		"/etc/kubernetes/admin.conf":          file(conf),
		"/etc/kubernetes/kubelet.conf":        file("users:\n- name: kubelet\n  user: {client-certificate: " + kubeletClient + "}\n"),
		"/etc/kubernetes/manifests/etcd.yaml": file("kind: Pod"),
		kubeletClient:                         {header: tar.Header{Typeflag: tar.TypeSymlink, Linkname: kubeletKeys + "/kubelet-client-2.pem"}},
		kubeletKeys + "/kubelet-client-1.pem": file(string(pem)),
		kubeletKeys + "/kubelet-client-2.pem": file("key" + "\n" + string(pem)),
		kubeletKeys + "/kubelet.crt":          file(string(pem)),
	}
	var got []string
	for _, certificate := range certificatesIn("lab-worker", files) {
		got = append(got, strings.Join([]string{certificate.Node, certificate.File, certificate.NotAfter.Format(time.RFC3339)}, " "))
	}
	var want []string
	for _, name := range []string{"/etc/kubernetes/admin.conf", "/etc/kubernetes/pki/apiserver.crt", kubeletKeys + "/kubelet-client-2.pem", kubeletKeys + "/kubelet.crt"} {
		want = append(want, "lab-worker "+name+" "+end.Format(time.RFC3339))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
}
