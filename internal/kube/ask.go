package kube

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Question is a command for the pods of an agent, and a word for the answer.
type Question struct {
	Name    string
	Command []string
}

// Ask runs commands in a container of every pod that a selector finds, and hands
// each answer over, with the node and the question's name. A failure is an answer
// too.
func (c *Client) Ask(
	ctx context.Context,
	namespace, selector, container string,
	questions []Question,
	answer func(node, name, text string),
) error {
	pods, err := c.Clientset.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return fmt.Errorf("list the pods %s: %w", selector, err)
	}
	for _, pod := range pods.Items {
		for _, question := range questions {
			text, err := c.Exec(ctx, PodRef{Namespace: namespace, Name: pod.Name, Container: container}, question.Command...)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				text += fmt.Sprintf("\n%s: %v\n", strings.Join(question.Command, " "), err)
			}
			answer(pod.Spec.NodeName, question.Name, text)
		}
	}
	return nil
}
