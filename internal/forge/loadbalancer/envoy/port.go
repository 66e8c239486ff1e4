package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// port is a listener at work.
type port struct {
	listener net.Listener
	server   *server
	cluster  atomic.Pointer[string]
}

// lead sends the connections from now on to a cluster.
func (p *port) lead(cluster string) { p.cluster.Store(&cluster) }

func (p *port) close() { _ = p.listener.Close() }

// serve accepts connections until the listener is closed.
func (p *port) serve() {
	for {
		conn, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, or a peer that gave up
			p.server.log.Warn("connection not accepted", "err", err)
			time.Sleep(acceptPause)
			continue
		}
		p.server.connections.Go(func() { p.handle(conn) })
	}
}

// acceptPause keeps a lack of file descriptors from becoming a busy loop.
const acceptPause = 20 * time.Millisecond

func (p *port) handle(client net.Conn) {
	defer client.Close()
	log := p.server.log.With("client", client.RemoteAddr())
	pool := p.server.pool(*p.cluster.Load())
	if pool == nil {
		log.Error("connection refused: no such cluster", "name", *p.cluster.Load())
		return
	}
	upstream, err := pool.dial(context.Background())
	if err != nil {
		log.Error("connection refused", "err", err)
		return
	}
	defer upstream.Close()
	join(client, upstream)
}

// join copies both ways until both sides have finished. The end of one side's
// data is passed on, so that half-closed connections work.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { transfer(a, b) })
	both.Go(func() { transfer(b, a) })
	both.Wait()
}

// transfer copies until the end of from. After an error the connection is of
// no use any more: closing both ends the other direction too.
func transfer(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		_ = from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
