package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
)

// PodRef names a container; an empty Container is the pod's first one.
type PodRef struct {
	Namespace, Name, Container string
}

// ExecError says that the command ran and failed.
type ExecError struct {
	Command  []string
	ExitCode int
	Stderr   string
}

// Error gives the exit code and the last words of the command.
func (e *ExecError) Error() string {
	return fmt.Sprintf("%s: exit code %d: %s", e.Command[0], e.ExitCode, strings.TrimSpace(e.Stderr))
}

// Exec runs a command in a container and returns its standard output. A
// command that ran and failed gives an ExecError.
func (c *Client) Exec(ctx context.Context, pod PodRef, command ...string) (string, error) {
	return c.ExecInput(ctx, pod, nil, command...)
}

// outputLimit bounds what Exec keeps of each stream; the rest is dropped.
const outputLimit = 4 << 20

// limited is a buffer that drops what is over outputLimit.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), outputLimit-l.Len())])
	return len(b), nil
}

// ExecInput is Exec with something to read on the command's standard input.
func (c *Client) ExecInput(ctx context.Context, pod PodRef, stdin io.Reader, command ...string) (string, error) {
	request := c.Clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: pod.Container, Command: command, Stdin: stdin != nil, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	websocket, err := remotecommand.NewWebSocketExecutor(c.Config, "GET", request.URL().String())
	if err != nil {
		return "", err
	}
	transport, upgrader, err := c.overSPDY()
	if err != nil {
		return "", err
	}
	spdy, err := remotecommand.NewSPDYExecutorForTransports(transport, upgrader, "POST", request.URL())
	if err != nil {
		return "", err
	}
	executor, err := remotecommand.NewFallbackExecutor(websocket, spdy, needsSPDY)
	if err != nil {
		return "", err
	}
	var stdout, stderr limited
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: stdin, Stdout: &stdout, Stderr: &stderr})
	var status exec.CodeExitError
	switch {
	case errors.As(err, &status):
		return stdout.String(), &ExecError{Command: command, ExitCode: status.Code, Stderr: stderr.String()}
	case err != nil:
		return stdout.String(), fmt.Errorf("exec in %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return stdout.String(), nil
}
