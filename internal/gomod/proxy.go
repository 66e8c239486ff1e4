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
	transport.RegisterProtocol("file", http.NewFileTransport(http.Dir("/"))) //nolint:gosec // file URLs name any file
	return &http.Client{Transport: transport}
}()

// notThere says that a proxy does not have a file, rather than being broken.
type notThere struct{ error }

// ask tries the proxies of GOPROXY for a file, by the rules of the go command:
// one after a comma when those before do not have the file, one after a bar
// whatever went wrong before. It ends with the first URL that try takes.
func ask(ctx context.Context, name string, try func(url string) error) error {
	list, err := proxies(ctx)
	if err != nil {
		return err
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
		var err error
		switch proxy = strings.TrimSpace(proxy); proxy {
		case "":
			continue
		case "off":
			err, rest = errors.New("GOPROXY ends in off: nothing may be downloaded"), ""
		case "direct":
			err = notThere{errors.New("GOPROXY=direct: only the go command fetches from version control")}
		default:
			err = try(strings.TrimSuffix(proxy, "/") + "/" + name)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failures = append(failures, err)
		if _, absent := errors.AsType[notThere](err); !absent && !evenWhenBroken {
			break
		}
	}
	return hint.ModuleUnreachable.Wrap(errors.Join(failures...), "no module proxy has delivered "+name,
		"check the network and the variable HTTPS_PROXY, or set GOPROXY to a module proxy within reach")
}

// proxies is GOPROXY, or what the go command has in its place.
func proxies(ctx context.Context) (string, error) {
	if list := os.Getenv("GOPROXY"); list != "" {
		return list, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return "", hint.ModuleProxyUnknown.Wrap(err, "no module proxy is known: GOPROXY is not set, and there is no go command to ask",
			"use a released kindctl, which needs none, or set GOPROXY to a module proxy within reach")
	}
	return strings.TrimSpace(string(out)), nil
}

// open begins to read a file of a proxy.
func open(ctx context.Context, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK:
		return response, nil
	case http.StatusNotFound, http.StatusGone:
		err = notThere{fmt.Errorf("%s: %s", url, response.Status)}
	default:
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	response.Body.Close()
	return nil, err
}

// has returns nil where a proxy has a file, of which no more than the beginning
// is read: not every proxy answers to HEAD.
func has(ctx context.Context, url string) error {
	response, err := open(ctx, url)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func get(ctx context.Context, url, dir string, span *event.Span) (name string, err error) {
	response, err := open(ctx, url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
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
