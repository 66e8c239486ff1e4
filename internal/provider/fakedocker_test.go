package provider

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// dockerd is as much of Docker's API as a Docker asks, with addresses given as
// Docker gives them: the fixed one, else the lowest that is free.
type dockerd struct {
	sync.Mutex
	containers []*box
	networks   []*bridge
	changes    []string // what was asked to be changed
	refuseIPv6 bool
	takenPort  string // the container that cannot have its port
	events     chan any
	unready    map[string]bool // containers that cannot be written to yet
	puts       chan string     // has every attempt to write
	volumes    map[string]int  // and how many attempts to remove each fail
	lists      int             // how often containers were listed
	late       map[int]*box    // containers that come with a list
}

type box struct {
	name, cluster, role, network string
	companion                    string // of that cluster
	state, policy                string
	address, fixed               netip.Addr // address only while it runs
	detached                     bool
	files                        map[string]string
	created                      time.Time
	volumes                      []string
	port                         string
	statistics                   map[string]any
}

type bridge struct {
	name, driver string
	subnets      []netip.Prefix
	chosen       bool // the IPv4 subnet was configured
	labels       map[string]string
	internal     bool
}

// lan is a network as kind makes it, with a subnet that Docker chose.
func lan(name string) *bridge {
	return &bridge{name: name, driver: "bridge", subnets: []netip.Prefix{netip.MustParsePrefix("172.18.0.0/16")}}
}

// lanSix has IPv6 alone, in a subnet that kind chose.
func lanSix(name string) *bridge {
	return &bridge{name: name, driver: "bridge", subnets: []netip.Prefix{netip.MustParsePrefix("fc00:1::/64")}, chosen: true}
}

// serve returns a Docker of a Docker that answers as the handler does.
func serve(t *testing.T, docker http.Handler) *Docker {
	t.Helper()
	server := httptest.NewServer(docker)
	t.Cleanup(server.Close)
	connection, err := client.New(client.WithHost("tcp://" + server.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return newDocker(connection)
}

// engine serves the API.
func (d *dockerd) engine(t *testing.T) *Docker {
	t.Helper()
	return serve(t, d)
}

func (d *dockerd) box(name string) *box {
	for _, b := range d.containers {
		if b.name == name {
			return b
		}
	}
	return nil
}

func (d *dockerd) bridge(name string) *bridge {
	for _, n := range d.networks {
		if n.name == name {
			return n
		}
	}
	return nil
}

// start gives a container its address, if no one has it.
func (d *dockerd) start(b *box) bool {
	if b.state == "running" {
		return true
	}
	taken := map[netip.Addr]bool{}
	for _, other := range d.containers {
		if other.network == b.network && other.state == "running" {
			taken[other.address] = true
		}
	}
	address := b.fixed
	if !address.IsValid() {
		for address = d.bridge(b.network).subnets[0].Addr().Next().Next(); taken[address]; address = address.Next() {
		}
	}
	if taken[address] {
		return false
	}
	b.address, b.state = address, "running"
	return true
}

func (b *box) labels() map[string]string {
	if b.companion != "" {
		return map[string]string{companionLabel: b.companion}
	}
	return map[string]string{clusterLabel: b.cluster}
}

// labeled reports whether the container has one of the labels, or no matter which.
func (b *box) labeled(wanted map[string]bool) bool {
	for key, value := range b.labels() {
		if wanted[key] || wanted[key+"="+value] {
			return true
		}
	}
	return wanted == nil
}

func (b *box) inspect() map[string]any {
	networks := map[string]any{}
	if !b.detached {
		endpoint := map[string]any{"NetworkID": b.network, "IPAddress": "", "Aliases": []string{"alias"}}
		if b.state == "running" || b.state == "paused" {
			if b.address.Is6() {
				endpoint["GlobalIPv6Address"] = b.address.String()
			} else {
				endpoint["IPAddress"] = b.address.String()
			}
		}
		if b.fixed.IsValid() {
			endpoint["IPAMConfig"] = map[string]string{keyOf(b.fixed): b.fixed.String()}
		}
		networks[b.network] = endpoint
	}
	ports := map[string]any{}
	if b.role == "control-plane" && b.state == "running" {
		ports["6443/tcp"] = []map[string]string{{"HostIp": "127.0.0.1", "HostPort": "40001"}}
	}
	bindings, mounts := map[string]any{}, []any{map[string]string{"Type": "bind", "Source": "/lib/modules"}}
	if b.port != "" {
		bindings["6443/tcp"] = []map[string]string{{"HostIp": "127.0.0.1", "HostPort": b.port}}
	}
	for _, volume := range b.volumes {
		mounts = append(mounts, map[string]string{"Type": "volume", "Name": volume})
	}
	return map[string]any{
		"Id": b.name, "Name": "/" + b.name, "Created": b.created.UTC().Format(time.RFC3339Nano),
		"State":           map[string]any{"Status": b.state, "StartedAt": "2026-01-02T03:04:05.5Z"},
		"Config":          map[string]any{"Labels": map[string]string{clusterLabel: b.cluster, roleLabel: b.role}},
		"HostConfig":      map[string]any{"NetworkMode": b.network, "RestartPolicy": map[string]any{"Name": b.policy}, "PortBindings": bindings},
		"Mounts":          mounts,
		"NetworkSettings": map[string]any{"Networks": networks, "Ports": ports},
	}
}

// keyOf is Docker's word for addresses of a family.
func keyOf(address netip.Addr) string {
	if address.Is6() {
		return "IPv6Address"
	}
	return "IPv4Address"
}

// lastOf is the file that the node's entrypoint writes an address to.
func lastOf(address netip.Addr) string {
	if address.Is6() {
		return addressFileIPv6
	}
	return addressFile
}

func (d *dockerd) describe(n *bridge) map[string]any {
	configs := []map[string]string{}
	for _, subnet := range n.subnets {
		configs = append(configs, map[string]string{"Subnet": subnet.String()})
	}
	containers := map[string]any{}
	for _, b := range d.containers {
		if b.network == n.name && b.state == "running" && !b.detached {
			containers[b.name] = map[string]string{"Name": b.name, keyOf(b.address): b.address.String() + "/16"}
		}
	}
	return map[string]any{"Name": n.name, "Id": n.name, "Driver": n.driver, "Internal": n.internal, "Labels": n.labels,
		"IPAM": map[string]any{"Config": configs}, "Containers": containers, "Options": map[string]string{}}
}

var versioned = regexp.MustCompile(`^/v[0-9.]+`)

// tell sends an event of a container to all subscribers.
func (d *dockerd) tell(action, name string) {
	d.events <- map[string]any{"Type": "container", "Action": action, "Actor": map[string]string{"ID": name}}
}

func (d *dockerd) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case event := <-d.events:
			_ = json.NewEncoder(w).Encode(event)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (d *dockerd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/events") {
		d.serveEvents(w, r)
		return
	}
	d.Lock()
	defer d.Unlock()
	w.Header().Set("Api-Version", "1.45")
	parts := strings.Split(strings.Trim(versioned.ReplaceAllString(r.URL.Path, ""), "/"), "/")
	filters := map[string]map[string]bool{}
	_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters)
	answer := func(v any) { w.Header().Set("Content-Type", "application/json"); _ = json.NewEncoder(w).Encode(v) }
	refuse := func(code int, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
	}
	switch {
	case parts[0] == "_ping":
	case parts[0] == "containers" && parts[1] == "json":
		listed := []any{}
		if d.lists++; d.late[d.lists] != nil {
			d.containers = append(d.containers, d.late[d.lists])
		}
		for _, b := range d.containers {
			onNetwork := filters["network"] == nil || filters["network"][b.network] && !b.detached
			if onNetwork && b.labeled(filters["label"]) {
				listed = append(listed, map[string]any{"Id": b.name, "Names": []string{"/" + b.name}, "HostConfig": map[string]string{"NetworkMode": b.network}, "Labels": b.labels()})
			}
		}
		answer(listed)
	case parts[0] == "containers" && r.Method == http.MethodDelete:
		d.changes = append(d.changes, "remove "+parts[1])
		d.containers = slices.DeleteFunc(d.containers, func(b *box) bool { return b.name == parts[1] })
	case parts[0] == "containers":
		if b := d.box(parts[1]); b != nil {
			d.serveContainer(b, parts[2], r, w, answer, refuse)
		} else {
			refuse(http.StatusNotFound, "No such container: "+parts[1])
		}
	case parts[0] == "exec":
		serveExec(parts[2], w, r, answer)
	case parts[0] == "volumes":
		d.serveVolumes(parts, answer, refuse)
	case len(parts) == 1:
		listed := []any{}
		for _, n := range d.networks {
			listed = append(listed, d.describe(n))
		}
		answer(listed)
	case parts[1] == "create":
		d.serveCreate(r, answer, refuse)
	default:
		if n := d.bridge(parts[1]); n != nil {
			d.serveNetwork(n, append(parts, "")[2], r, answer, refuse)
		} else {
			refuse(http.StatusNotFound, "No such network: "+parts[1])
		}
	}
}

func (d *dockerd) serveVolumes(parts []string, answer func(any), refuse func(int, string)) {
	if len(parts) == 1 {
		listed := []any{}
		for name := range d.volumes {
			listed = append(listed, map[string]string{"Name": name})
		}
		answer(map[string]any{"Volumes": listed})
		return
	}
	if d.volumes[parts[1]]--; d.volumes[parts[1]] >= 0 {
		refuse(http.StatusInternalServerError, "unable to remove filesystem: device or resource busy")
		return
	}
	delete(d.volumes, parts[1])
}

func (d *dockerd) serveContainer(b *box, verb string, r *http.Request, w http.ResponseWriter, answer func(any), refuse func(int, string)) {
	if r.Method == http.MethodPost {
		d.changes = append(d.changes, verb+" "+b.name)
	}
	switch verb {
	case "json":
		answer(b.inspect())
	case "stats":
		answer(b.statistics)
	case "archive":
		path := r.URL.Query().Get("path")
		if r.Method == http.MethodPut {
			d.put(b, r.Body, refuse)
			return
		}
		var archive bytes.Buffer
		tarred := tar.NewWriter(&archive)
		for name, content := range b.files {
			if beneath, is := strings.CutPrefix(name, path); is && (beneath == "" || beneath[0] == '/') {
				_ = tarred.WriteHeader(&tar.Header{Name: lastPart(path) + beneath, Mode: 0o600, Size: int64(len(content))})
				_, _ = tarred.Write([]byte(content))
			}
		}
		if archive.Len() == 0 {
			refuse(http.StatusNotFound, "Could not find the file "+path)
			return
		}
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte("{}")))
		_ = tarred.Close()
		_, _ = w.Write(archive.Bytes())
	case "exec":
		answer(map[string]string{"Id": "1"})
	case "stop":
		b.state, b.address = "exited", netip.Addr{}
	case "unpause":
		b.state = "running"
	case "update":
		var request struct{ RestartPolicy struct{ Name string } }
		_ = json.NewDecoder(r.Body).Decode(&request)
		b.policy = request.RestartPolicy.Name
		answer(map[string]any{})
	case "start":
		switch {
		case d.takenPort == b.name:
			refuse(http.StatusInternalServerError, "driver failed programming external connectivity on endpoint "+b.name+": Bind for 127.0.0.1:40001 failed: port is already allocated")
		case !d.start(b):
			refuse(http.StatusForbidden, "Address already in use")
		default:
			b.files[lastOf(b.address)] = b.address.String()
		}
	}
}

// serveExec has a command end without output and without an error.
func serveExec(verb string, w http.ResponseWriter, r *http.Request, answer func(any)) {
	if verb == "json" {
		answer(map[string]any{"ID": "1", "ExitCode": 0})
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		_ = conn.Close()
	}
}

// put unpacks regular files into a container.
func (d *dockerd) put(b *box, archive io.Reader, refuse func(int, string)) {
	if d.puts != nil {
		d.puts <- b.name
	}
	if d.unready[b.name] {
		refuse(http.StatusConflict, "container is not ready")
		return
	}
	d.changes = append(d.changes, "write to "+b.name)
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if err != nil {
			return
		}
		if header.Typeflag == tar.TypeReg {
			content, _ := io.ReadAll(reader)
			b.files["/"+header.Name] = string(content)
		}
	}
}

func (d *dockerd) serveCreate(r *http.Request, answer func(any), refuse func(int, string)) {
	var request struct {
		Name, Driver string
		EnableIPv6   bool
		IPAM         struct {
			Config []struct{ Subnet netip.Prefix }
		}
		Labels map[string]string
	}
	_ = json.NewDecoder(r.Body).Decode(&request)
	made := &bridge{name: request.Name, driver: request.Driver, labels: request.Labels}
	for _, config := range request.IPAM.Config {
		made.subnets, made.chosen = append(made.subnets, config.Subnet), true
	}
	if made.subnets == nil {
		made.subnets = []netip.Prefix{netip.MustParsePrefix("172.25.0.0/16")}
	}
	if request.EnableIPv6 && d.refuseIPv6 {
		refuse(http.StatusInternalServerError, "Cannot read IPv6 setup for bridge")
		return
	}
	d.changes = append(d.changes, "create network "+request.Name+" "+request.Labels[networkLabel])
	d.networks = append(d.networks, made)
	answer(map[string]string{"Id": request.Name})
}

func (d *dockerd) serveNetwork(n *bridge, verb string, r *http.Request, answer func(any), refuse func(int, string)) {
	var request struct {
		Container      string
		EndpointConfig struct {
			Aliases    []string
			IPAMConfig *struct{ IPv4Address, IPv6Address netip.Addr }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&request)
	switch {
	case r.Method == http.MethodDelete:
		d.changes = append(d.changes, "remove network "+n.name)
		d.networks = slices.DeleteFunc(d.networks, func(other *bridge) bool { return other == n })
	case verb == "connect" && request.EndpointConfig.IPAMConfig != nil && !n.chosen:
		refuse(http.StatusBadRequest, "user specified IP address is supported only when connecting to networks with user configured subnets")
	case verb == "connect":
		b := d.box(request.Container)
		if !b.detached { // Docker finds it connected and does nothing
			return
		}
		b.detached, b.fixed = false, netip.Addr{}
		if request.EndpointConfig.IPAMConfig != nil {
			b.fixed = request.EndpointConfig.IPAMConfig.IPv4Address
			if n.subnets[0].Addr().Is6() {
				b.fixed = request.EndpointConfig.IPAMConfig.IPv6Address
			}
		}
		d.changes = append(d.changes, fmt.Sprintf("connect %s to %s as %v", b.name, n.name, request.EndpointConfig.Aliases))
	case verb == "disconnect":
		d.box(request.Container).detached = true
	default:
		answer(d.describe(n))
	}
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }
