package console

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tocsin-sec/tocsin/identity"
)

// Bounds of the answers that are kept for who asks again with the same Idempotency-Key.
const (
	answersLive  = 24 * time.Hour
	maxAnswers   = 10_000
	maxAnswer    = 1 << 20  // bytes of one
	maxAllBytes  = 64 << 20 // of all
	maxAnswerKey = 255
)

// answers are those that are kept, the oldest first.
type answers struct {
	mu    sync.Mutex
	kept  map[string]*kept
	order []*kept
	bytes int
}

// kept is an answer, or one that is still being worked out.
type kept struct {
	name   string
	asked  [sha256.Size]byte // of the request
	at     time.Time
	done   chan struct{} // closed when the others are set
	good   bool          // it is to be given again
	other  bool          // before a restart the key was used for another request
	status int
	media  string
	body   []byte
}

// once answers a request that has an Idempotency-Key as it was answered before, if it was; one that is still at work is waited
// for. What failed inside is not kept: it may be tried again.
func (a *API) once(op *Operation) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		key := c.Header("Idempotency-Key")
		if key == "" {
			next(c)
			return
		}
		r, w := humago.Unwrap(c)
		if err := a.onceFor(c, op, key, r, w, next); err != nil {
			identity.WriteProblem(w, a.server.problem(c.Context(), err))
		}
	}
}

func (a *API) onceFor(c huma.Context, op *Operation, key string, r *http.Request, w http.ResponseWriter, next func(huma.Context)) error {
	if len(key) > maxAnswerKey {
		return bad("Idempotency-Key", "it has at most %d bytes", maxAnswerKey)
	}
	most := op.MaxBody
	if most == 0 {
		most = maxAnswer
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return &Problem{Status: http.StatusRequestEntityTooLarge, Title: "what is sent cannot be read, or is too long"}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := identity.SubjectOf(c.Context()).Name + "\x00" + r.Method + r.URL.Path + "\x00" + key
	asked := sha256.Sum256(append([]byte(r.URL.RawQuery+"\x00"), body...))
	for {
		k, fresh := a.answers.enter(name, asked)
		t := tenantOf(c.Context())
		if fresh && !a.recall(c.Context(), t, op, k) {
			rec := &recorder{ResponseWriter: w}
			defer func() {
				a.answers.finish(k, rec)
				a.remember(c.Context(), t, op, k)
			}()
			next(huma.WithContext(humago.NewContext(c.Operation(), r, rec), c.Context()))
			return nil
		}
		if k.asked != asked {
			return bad("Idempotency-Key", "this key was used for another request")
		}
		select {
		case <-k.done:
		case <-c.Context().Done():
			return c.Context().Err()
		}
		if k.other {
			return bad("Idempotency-Key", "this key was used for another request")
		}
		if k.good {
			w.Header().Set("Content-Type", k.media)
			w.Header().Set("Idempotency-Replayed", "true")
			w.WriteHeader(k.status)
			_, _ = w.Write(k.body) // who is gone needs no answer
			return nil
		}
	}
}

// enter returns what is kept under a name; fresh says that the caller has to work it out, and to finish it.
func (a *answers) enter(name string, asked [sha256.Size]byte) (k *kept, fresh bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for len(a.order) > 0 && (now.Sub(a.order[0].at) > answersLive || len(a.order) > maxAnswers || a.bytes > maxAllBytes) {
		a.drop(a.order[0])
		a.order = a.order[1:]
	}
	if k := a.kept[name]; k != nil {
		return k, false
	}
	if a.kept == nil {
		a.kept = make(map[string]*kept)
	}
	k = &kept{name: name, asked: asked, at: now, done: make(chan struct{})}
	a.kept[name] = k
	a.order = append(a.order, k)
	return k, true
}

// drop forgets an answer. The caller holds mu.
func (a *answers) drop(k *kept) {
	if a.kept[k.name] == k {
		delete(a.kept, k.name)
		a.bytes -= len(k.body)
	}
}

// finish keeps what was answered.
func (a *answers) finish(k *kept, rec *recorder) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k.good = rec.status != 0 && rec.status < http.StatusInternalServerError && rec.body.Len() <= maxAnswer
	if k.good {
		k.status, k.media, k.body = rec.status, rec.Header().Get("Content-Type"), bytes.Clone(rec.body.Bytes())
		if a.kept[k.name] == k {
			a.bytes += len(k.body)
		}
	} else {
		a.drop(k)
	}
	close(k.done)
}

// recorder remembers what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	if r.body.Len() <= maxAnswer {
		r.body.Write(p)
	}
	return r.ResponseWriter.Write(p)
}
