package kube

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AgentCommand is a command to run in each pod of an agent, and a name for its output.
type AgentCommand struct {
	Name    string
	Command []string
}

// ExecAll runs commands in a container of every pod that a selector finds. It calls
// output with what each has printed, and with its error if it failed.
func (c *Client) ExecAll(
	ctx context.Context, namespace, selector, container string, commands []AgentCommand, output func(node, name, text string),
) error {
	pods, err := c.Clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("list the pods %s: %w", selector, err)
	}
	for _, pod := range pods.Items {
		for _, command := range commands {
			text, err := c.Exec(ctx, PodRef{Namespace: namespace, Name: pod.Name, Container: container}, command.Command...)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				text += fmt.Sprintf("\n%s: %v\n", strings.Join(command.Command, " "), err)
			}
			output(pod.Spec.NodeName, command.Name, text)
		}
	}
	return nil
}
