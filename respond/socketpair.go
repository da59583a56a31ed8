package respond

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Between the process that parses what others have written and the one that holds rights there is a socketpair. On it go
// frames: a length of four bytes, big endian, and so many bytes of JSON; a request has a number, and its answer the same.

const (
	maxFrame    = 64 << 20
	maxParallel = 16
)

type helperRequest struct {
	ID    uint64 `json:"id"`
	Order Order  `json:"order"`
}

type helperResponse struct {
	ID     uint64  `json:"id"`
	Answer *Answer `json:"answer,omitempty"`
	Error  string  `json:"error,omitempty"`
	Code   string  `json:"code,omitempty"`
}

// codes are errors that callers tell apart.
func codes() map[string]error {
	return map[string]error{"final": errFinal, "forbidden": ErrForbidden, "no firewall": ErrNoFirewall, "not made": errNotMade}
}

// remoteError is an error of the other process.
type remoteError struct {
	text string
	is   error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.is }

func writeFrame(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too long", len(b))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too long", n)
	}
	var b bytes.Buffer // grows as bytes come, whatever length is claimed
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return err
	}
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read a frame: %w", err)
	}
	return nil
}

// ServeHelper performs the orders that come over a connection, until it is closed or ctx is done. What is no order ends the
// connection.
func ServeHelper(ctx context.Context, conn net.Conn, w Worker, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	var write sync.Mutex
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, maxParallel)
	for {
		var q helperRequest
		if err := readFrame(conn, &q); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("helper: %w", err)
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			resp := helperResponse{ID: q.ID}
			a, err := w.Perform(ctx, &q.Order)
			if err != nil {
				log.Warn("refused or failed", "verb", q.Order.Verb, "error", err)
				resp.Error = err.Error()
				for code, e := range codes() {
					if errors.Is(err, e) {
						resp.Code = code
					}
				}
			}
			resp.Answer = a
			write.Lock()
			defer write.Unlock()
			if err := writeFrame(conn, &resp); err != nil {
				_ = conn.Close() // who asks has gone
			}
		})
	}
}

// Helper is a Worker in another process.
type Helper struct {
	conn  net.Conn
	write sync.Mutex

	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan helperResponse
	err     error // the connection has ended
}

// NewHelper returns the worker at the other end of a connection.
func NewHelper(conn net.Conn) *Helper {
	h := &Helper{conn: conn, waiting: make(map[uint64]chan helperResponse)}
	go h.read()
	return h
}

func (h *Helper) read() {
	for {
		var resp helperResponse
		err := readFrame(h.conn, &resp)
		h.mu.Lock()
		if err != nil {
			h.err = fmt.Errorf("the helper with the rights has gone: %w", err)
			for _, c := range h.waiting {
				close(c)
			}
			h.waiting = nil
			h.mu.Unlock()
			return
		}
		c := h.waiting[resp.ID]
		delete(h.waiting, resp.ID)
		h.mu.Unlock()
		if c != nil {
			c <- resp
		}
	}
}

// Perform asks the other process.
func (h *Helper) Perform(ctx context.Context, o *Order) (*Answer, error) {
	c := make(chan helperResponse, 1)
	h.mu.Lock()
	if h.err != nil {
		h.mu.Unlock()
		return nil, h.err
	}
	h.next++
	id := h.next
	h.waiting[id] = c
	h.mu.Unlock()
	h.write.Lock()
	_ = h.conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
	err := writeFrame(h.conn, &helperRequest{id, *o})
	h.write.Unlock()
	if err != nil {
		h.mu.Lock()
		delete(h.waiting, id)
		h.mu.Unlock()
		return nil, fmt.Errorf("ask the helper: %w", err)
	}
	select {
	case resp, ok := <-c:
		switch {
		case !ok:
			h.mu.Lock()
			defer h.mu.Unlock()
			return nil, h.err
		case resp.Error != "":
			return nil, &remoteError{resp.Error, codes()[resp.Code]}
		case resp.Answer == nil:
			return nil, errors.New("the helper has answered nothing")
		}
		return resp.Answer, nil
	case <-ctx.Done():
		h.mu.Lock()
		delete(h.waiting, id)
		h.mu.Unlock()
		return nil, ctx.Err()
	}
}

// Close ends the connection; the helper ends with it.
func (h *Helper) Close() error { return h.conn.Close() }

// Split is a Worker that does what needs no rights in this process, and leaves the rest to another.
type Split struct {
	Here  *Hands
	There Worker
}

// Perform asks whom it concerns.
func (s *Split) Perform(ctx context.Context, o *Order) (*Answer, error) {
	if o.Deed != nil {
		if k, err := KindOf(o.Deed.Kind); err == nil && k.Unprivileged {
			return s.Here.Perform(ctx, o)
		}
	}
	return s.There.Perform(ctx, o)
}
