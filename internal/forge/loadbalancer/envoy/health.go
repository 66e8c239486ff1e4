package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// checker finds out again and again whether one endpoint is healthy.
type checker struct {
	pool     *pool
	endpoint *endpoint
	config   healthCheck
	log      *slog.Logger
	probe    func(context.Context) error
	// known is false until the first answer, which decides by itself.
	known               bool
	successes, failures int
}

// errStatus is an answer that says unhealthy: one is enough.
var errStatus = errors.New("unhealthy answer")

func newChecker(p *pool, e *endpoint, config healthCheck, log *slog.Logger) *checker {
	c := &checker{pool: p, endpoint: e, config: config, log: log.With("endpoint", e.address)}
	c.probe = c.connect
	if config.HTTP != nil {
		c.probe = c.get()
	}
	return c
}

// run checks until ctx ends.
func (c *checker) run(ctx context.Context) {
	wait := time.NewTimer(jitter(c.config.InitialJitter))
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		probe, cancel := context.WithTimeout(ctx, time.Duration(c.config.Timeout))
		err := c.probe(probe)
		cancel()
		if ctx.Err() != nil {
			return
		}
		c.record(err)
		wait.Reset(c.interval())
	}
}

func (c *checker) interval() time.Duration {
	if c.pool.traffic.Load() {
		return time.Duration(c.config.Interval)
	}
	return time.Duration(c.config.NoTrafficInterval)
}

func jitter(most duration) time.Duration {
	if most == 0 {
		return 0
	}
	return rand.N(time.Duration(most))
}

// record counts the outcome of a check and changes the endpoint's state when
// a threshold is reached.
func (c *checker) record(err error) {
	if err == nil {
		c.successes, c.failures = c.successes+1, 0
		c.log.Log(context.Background(), level(c.config.LogSuccess), "health check passed")
		if !c.known || c.successes >= c.config.HealthyThreshold {
			c.set(true)
		}
	} else {
		c.successes, c.failures = 0, c.failures+1
		c.log.Log(context.Background(), level(c.config.LogFailures), "health check failed", "err", err)
		if !c.known || errors.Is(err, errStatus) || c.failures >= c.config.UnhealthyThreshold {
			c.set(false)
		}
	}
	c.known = true
}

func (c *checker) set(healthy bool) {
	if c.endpoint.healthy.Swap(healthy) != healthy {
		c.log.Info("endpoint changed", "healthy", healthy)
	}
}

func level(always bool) slog.Level {
	if always {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// connect is the check of TCP: the endpoint accepts connections.
func (c *checker) connect(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, c.pool.config.network(), c.endpoint.address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// get makes the check of HTTP: the path answers with status 200.
func (c *checker) get() func(context.Context) error {
	scheme, transport := "http", http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	match, _ := c.pool.config.transport(c.config) // valid: complete has seen it
	if match != nil {
		scheme = "https"
		transport.TLSClientConfig = &tls.Config{
			InsecureSkipVerify: match.Socket.Config.TLS.Validation.Trust == untrusted,
		}
	}
	url := scheme + "://" + c.endpoint.address + c.config.HTTP.Path
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%w: %s", errStatus, response.Status)
		}
		return nil
	}
}
