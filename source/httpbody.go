package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// refusal is why a request is not taken.
type refusal struct {
	status int
	reason string        // for the client
	told   string        // for the notice; "" is reason
	after  time.Duration // when to come back; 0: it need not
	wrong  bool          // a token was presented
}

func (r *refusal) Error() string { return r.reason }

// full says that there is no room now.
func full(reason string) *refusal {
	return &refusal{status: http.StatusTooManyRequests, reason: reason, after: 2 * time.Second}
}

// room bounds the bytes of all bodies that are not yet durable.
type room struct {
	size int64
	mu   sync.Mutex
	held int64
	free chan struct{} // closed when some is given back
}

// roomTime is how long a request waits for room before its client is told to come back.
const roomTime = 5 * time.Second

// take takes n bytes of room, and waits for them until the timer fires.
func (r *room) take(ctx context.Context, n int64, patience <-chan time.Time) error {
	for {
		r.mu.Lock()
		if r.held+n <= r.size {
			r.held += n
			r.mu.Unlock()
			return nil
		}
		if r.free == nil {
			r.free = make(chan struct{})
		}
		free := r.free
		r.mu.Unlock()
		select {
		case <-free:
		case <-patience:
			return full("too much waits to be made durable")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held -= n
	if r.free != nil {
		close(r.free)
		r.free = nil
	}
}

// Limits of a body that is packed: it may grow to maxRatio of what was sent, once it is larger than ratioFree.
const (
	maxRatio  = 500
	ratioFree = 4 << 20
)

// body reads the whole body of the request, unpacked. It takes room for it, which a.leave gives back. The bytes are
// the caller's.
func (a *arrival) body() ([]byte, error) {
	deadline := time.Now().Add(httpBodyTime)
	control := http.NewResponseController(a.w)
	sent := &bodyReader{r: a.r.Body, control: control, deadline: deadline, limit: a.h.maxBody}
	defer control.SetReadDeadline(time.Time{}) // the connection is then gone
	if a.r.ContentLength > a.h.maxBody {
		return nil, tooLarge(a.h.maxBody)
	}
	in, closeIt, err := unpacked(sent, a.r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, err
	}
	defer closeIt()
	patience := time.NewTimer(roomTime)
	defer patience.Stop()
	data, err := a.readAll(in, sent, patience.C)
	var no *refusal
	switch {
	case err == nil, errors.As(err, &no):
		return data, err
	case a.r.Context().Err() != nil:
		return nil, err
	}
	return nil, &refusal{status: http.StatusBadRequest, reason: fmt.Sprintf("the body cannot be read: %s", err)}
}

// readAll reads to the end of in; sent counts what it is made of.
func (a *arrival) readAll(in io.Reader, sent *bodyReader, patience <-chan time.Time) ([]byte, error) {
	packed := in != io.Reader(sent)
	size := int64(16 << 10)
	if n := a.r.ContentLength; n >= 0 && !packed {
		size = n + 1 // and a byte to see the end in
	}
	step := min(size, 1<<20)
	if err := a.hold(step, patience); err != nil {
		return nil, err
	}
	data := make([]byte, 0, step)
	for {
		if len(data) == cap(data) {
			grown := min(2*int64(cap(data)), a.h.maxBody+1)
			if !packed && a.r.ContentLength >= 0 {
				grown = min(grown, size)
			}
			if err := a.hold(grown-int64(cap(data)), patience); err != nil {
				return nil, err
			}
			data = append(make([]byte, 0, grown), data...)
		}
		n, err := in.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch got := int64(len(data)); {
		case got > a.h.maxBody:
			return nil, tooLarge(a.h.maxBody)
		case packed && got > ratioFree && got/maxRatio > sent.count:
			return nil, &refusal{status: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the body unpacks to more than %d times of what was sent", maxRatio)}
		}
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func tooLarge(limit int64) *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the body is larger than %d bytes", limit)}
}

// hold takes room for the request.
func (a *arrival) hold(n int64, patience <-chan time.Time) error {
	if err := a.h.room.take(a.r.Context(), n, patience); err != nil {
		return err
	}
	a.held += n
	return nil
}

// bodyReader reads a body as it was sent, within limits of size and time.
type bodyReader struct {
	r        io.Reader
	control  *http.ResponseController
	deadline time.Time
	limit    int64
	count    int64
}

func (b *bodyReader) Read(p []byte) (int, error) {
	until := time.Now().Add(httpStallTime)
	if until.After(b.deadline) {
		until = b.deadline
	}
	_ = b.control.SetReadDeadline(until) // a connection that cannot is one of a test
	n, err := b.r.Read(p)
	if b.count += int64(n); b.count > b.limit {
		return n, tooLarge(b.limit)
	}
	return n, err
}

// unpacked returns what a body in these encodings holds (RFC 9110 §8.4.1, RFC 8878).
func unpacked(in io.Reader, encodings string) (io.Reader, func(), error) {
	switch strings.ToLower(strings.TrimSpace(encodings)) {
	case "", "identity":
		return in, func() {}, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, badPacking("gzip", err)
		}
		return z, func() { z.Close() }, nil
	case "deflate":
		z, err := zlib.NewReader(in)
		if err != nil {
			return nil, nil, badPacking("deflate", err)
		}
		return z, func() { z.Close() }, nil
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, badPacking("zstd", err)
		}
		return z, z.Close, nil
	}
	return nil, nil, &refusal{status: http.StatusUnsupportedMediaType, reason: fmt.Sprintf("bodies in %q are not read; use gzip, zstd, deflate or none", encodings)}
}

// maxWindow bounds the memory that one zstd body may ask for, in bytes (RFC 8878 §3.1.1.1.2 recommends 8 MiB).
const maxWindow = 8 << 20

func badPacking(name string, err error) error {
	var no *refusal
	if errors.As(err, &no) {
		return err
	}
	return &refusal{status: http.StatusBadRequest, reason: fmt.Sprintf("the body is no %s: %s", name, err)}
}
