package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/live"
	"github.com/tocsin-sec/tocsin/query"
	"github.com/tocsin-sec/tocsin/store"
)

// Lines writes one object a line, and sends them on as they come.
type Lines struct {
	w     http.ResponseWriter
	out   *bufio.Writer
	buf   []byte
	sent  time.Time
	wrote bool
}

func newLines(w http.ResponseWriter) *Lines {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return &Lines{w: w, out: bufio.NewWriterSize(w, 32<<10)}
}

// row writes the columns that have a value.
func (l *Lines) row(names []string, value func(i int) string) error {
	l.buf = append(l.buf[:0], '{')
	for i, n := range names {
		v := value(i)
		if v == "" {
			continue
		}
		if len(l.buf) > 1 {
			l.buf = append(l.buf, ',')
		}
		l.buf = append(event.AppendQuoted(l.buf, n), ':')
		l.buf = event.AppendQuoted(l.buf, v)
	}
	return l.line(append(l.buf, "}\n"...))
}

func (l *Lines) line(b []byte) error {
	l.wrote = true
	_, err := l.out.Write(b)
	if now := time.Now(); err == nil && now.Sub(l.sent) > 100*time.Millisecond {
		l.sent = now
		err = l.flush()
	}
	return err
}

func (l *Lines) flush() error {
	if err := l.out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(l.w).Flush()
}

// end ends the stream, with the problem if there is one.
func (l *Lines) end(err error) error {
	if err != nil && !l.wrote {
		return err
	}
	if err != nil {
		text, e := json.Marshal(struct {
			Problem *Problem `json:"problem"`
		}{asProblem(err)})
		if e != nil {
			return e
		}
		_ = l.line(append(text, '\n'))
	}
	_ = l.flush() // who is gone needs no answer
	return nil
}

// parseQuery reads what a request searches for.
func parseQuery(r *http.Request) (*query.Query, error) {
	q, err := query.Parse(r.FormValue("q"))
	if err != nil {
		var bad *query.Error
		if errors.As(err, &bad) {
			return nil, &Problem{Status: http.StatusBadRequest, Title: bad.Error(), Detail: bad.Caret()}
		}
		return nil, &Problem{Status: http.StatusBadRequest, Title: err.Error()}
	}
	for name, to := range map[string]*int64{"since": &q.Since, "until": &q.Until} {
		text := r.FormValue(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, &Problem{Status: http.StatusBadRequest, Title: name + " is no time of RFC 3339: " + text}
		}
		*to = t.UnixNano()
	}
	return q, nil
}

// asked returns whom a request asks, and what for.
func (s *Server) asked(r *http.Request) (*Tenant, *query.Query, error) {
	t, err := s.tenant(r)
	if err != nil {
		return nil, nil, err
	}
	q, err := parseQuery(r)
	return t, q, err
}

// addLimit keeps of plain events the newest so many.
func addLimit(q *query.Query, text string) error {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > query.MaxRows {
		return &Problem{Status: http.StatusBadRequest, Title: fmt.Sprintf("limit %s: must be from 1 to %d", text, query.MaxRows)}
	}
	if len(q.Pipes) == 0 {
		q.Pipes = []query.Pipe{&query.Tail{N: n}}
	}
	return nil
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	t, q, err := s.asked(r)
	if err != nil {
		return err
	}
	if err := addLimit(q, r.FormValue("limit")); err != nil {
		return err
	}
	out := newLines(w)
	var notes []string
	err = t.Store.Query(r.Context(), q, func(b *store.Block) error {
		notes = append(notes, b.Notes...)
		for i := range b.Rows {
			if err := out.row(b.Names, func(c int) string { return b.Columns[c][i] }); err != nil {
				return err
			}
		}
		return nil
	})
	if r.Context().Err() != nil {
		return nil
	}
	if err == nil && len(notes) > 0 {
		err = out.notes(notes)
	}
	return out.end(err)
}

// notes writes which limits the answer has met.
func (l *Lines) notes(notes []string) error {
	text, err := json.Marshal(struct {
		Notes []string `json:"notes"`
	}{notes})
	if err != nil {
		return err
	}
	return l.line(append(text, '\n'))
}

func (s *Server) tail(w http.ResponseWriter, r *http.Request) error {
	t, q, err := s.asked(r)
	if err != nil {
		return err
	}
	if t.Line == nil {
		return &Problem{Status: http.StatusServiceUnavailable, Title: ErrNotRunning.Error()}
	}
	if len(q.Pipes) > 0 {
		return &Problem{Status: http.StatusBadRequest, Title: "what comes in is shown as it comes: no | is possible in tail"}
	}
	out := newLines(w)
	if err := out.flush(); err != nil { // so that the other end knows that it watches
		return nil
	}
	out.wrote = true
	return out.end(t.Line.Tail(r.Context(), q, func(e *live.Seen, lost int64) bool {
		return out.seen(e, lost) == nil
	}))
}

// seen writes an event that has just come in.
func (l *Lines) seen(e *live.Seen, lost int64) error {
	names := append([]string{query.Time, store.ID, query.Dataset, query.Message}, e.Names...)
	when := ""
	if e.Time != 0 {
		when = time.Unix(0, e.Time).UTC().Format(time.RFC3339Nano)
	}
	head := []string{when, e.ID, e.Format, e.Text}
	if lost > 0 {
		names = append(names, "tocsin.lost")
	}
	err := l.row(names, func(i int) string {
		switch {
		case i < len(head):
			return head[i]
		case i-len(head) < len(e.Values):
			return e.Values[i-len(head)]
		}
		return strconv.FormatInt(lost, 10)
	})
	if err == nil {
		err = l.flush()
	}
	return err
}

func (s *Server) fields(w http.ResponseWriter, r *http.Request) error {
	t, q, err := s.asked(r)
	if err != nil {
		return err
	}
	counts, err := countsOf(r.Context(), t.Store, q, r.FormValue("field"))
	if err != nil {
		return err
	}
	return writeJSON(w, counts)
}

// countsOf lists the fields of the events that a query means, or the values of one field.
func countsOf(ctx context.Context, f Finder, q *query.Query, field string) ([]store.Count, error) {
	if field == "" {
		return f.Fields(ctx, q)
	}
	return f.Values(ctx, q, field, 1000)
}
