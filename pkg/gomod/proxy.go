package gomod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/kindctl/kindctl/pkg/event"
	"github.com/kindctl/kindctl/pkg/hint"
)

// answerTimeout bounds the wait for the first byte of a proxy's answer.
const answerTimeout = 30 * time.Second

// client reaches proxies at http, https and file URLs, as the go command does.
var client = func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	transport.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
	return &http.Client{Transport: transport}
}()

// notThere says that a proxy does not have a file, rather than being broken.
type notThere struct{ error }

// download asks the proxies of GOPROXY for a file, by the rules of the go
// command: one after a comma is asked when those before do not have the file,
// one after a bar whatever went wrong before. The file goes into dir.
func download(ctx context.Context, name, dir string, span *event.Span) (file string, err error) {
	list, err := proxies(ctx)
	if err != nil {
		return "", err
	}
	var failures []error
	for rest := list; rest != ""; {
		end := strings.IndexAny(rest, ",|")
		proxy, evenWhenBroken := rest, false
		if end < 0 {
			rest = ""
		} else {
			proxy, evenWhenBroken, rest = rest[:end], rest[end] == '|', rest[end+1:]
		}
		switch proxy = strings.TrimSpace(proxy); proxy {
		case "":
			continue
		case "off":
			err, rest = errors.New("GOPROXY ends in off: nothing may be downloaded"), ""
		case "direct":
			err = notThere{errors.New("GOPROXY=direct: only the go command fetches from version control")}
		default:
			file, err = get(ctx, strings.TrimSuffix(proxy, "/")+"/"+name, dir, span)
		}
		if err == nil {
			return file, nil
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		failures = append(failures, err)
		if _, absent := errors.AsType[notThere](err); !absent && !evenWhenBroken {
			break
		}
	}
	return "", hint.Wrap(errors.Join(failures...), hint.Preflight, "MODULE_UNREACHABLE", "no module proxy could deliver "+name,
		"check the network and the variable HTTPS_PROXY, or set GOPROXY to a module proxy within reach")
}

// proxies is GOPROXY, or what the go command has in its place.
func proxies(ctx context.Context) (string, error) {
	if list := os.Getenv("GOPROXY"); list != "" {
		return list, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return "", hint.Wrap(err, hint.Preflight, "MODULE_PROXY_UNKNOWN", "no module proxy is known: GOPROXY is not set, and there is no go command to ask",
			"set GOPROXY to a module proxy within reach, or install Go")
	}
	return strings.TrimSpace(string(out)), nil
}

func get(ctx context.Context, url, dir string, span *event.Span) (name string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return "", notThere{fmt.Errorf("%s: %s", url, response.Status)}
	default:
		return "", fmt.Errorf("%s: %s", url, response.Status)
	}
	file, err := os.CreateTemp(dir, "*.zip")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.MultiWriter(file, &meter{span: span, url: url, total: response.ContentLength}), response.Body)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", fmt.Errorf("%s: %w", url, err)
	}
	return file.Name(), nil
}

// meter reports progress in bytes, once for each mebibyte.
type meter struct {
	span              *event.Span
	url               string
	done, told, total int64
}

func (m *meter) Write(b []byte) (int, error) {
	m.done += int64(len(b))
	if m.done-m.told >= 1<<20 {
		m.told = m.done
		m.span.Progress(m.url, m.done, max(m.total, 0))
	}
	return len(b), nil
}
