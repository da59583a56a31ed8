package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsin-sec/tocsin/event"
	"github.com/tocsin-sec/tocsin/identity"
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
func (l *Lines) end(p *Problem) {
	if p != nil {
		_ = l.object(struct {
			Problem *Problem `json:"problem"`
		}{p})
	}
	_ = l.flush() // who is gone needs no answer
}

// SearchAsk says which events are asked for.
type SearchAsk struct {
	Q     string    `query:"q" maxLength:"65536" doc:"The query."`
	Since time.Time `query:"since"`
	Until time.Time `query:"until" doc:"Not included."`
}

// SearchRowsAsk is a search for rows.
type SearchRowsAsk struct {
	SearchAsk
	Limit    int  `query:"limit" minimum:"0" doc:"Of plain events, the newest so many; 0 is all."`
	Progress bool `query:"progress" doc:"Tell how far it is, in lines {\"progress\":{\"share\":0.4,\"rows\":12}}: the share of the time that was read, and the rows so far."`
}

// SearchProgress says how far a search is.
type SearchProgress struct {
	Share float64 `json:"share"`
	Rows  int     `json:"rows"`
}

// tellEvery is how often it is told how far something is, at most.
const tellEvery = 200 * time.Millisecond

// query reads what is searched for.
func (a *SearchAsk) query() (*query.Query, error) {
	q, err := query.Parse(a.Q)
	if err != nil {
		p := bad("q", "%v", err)
		var at *query.Error
		if errors.As(err, &at) {
			p.Title, p.Detail = at.Error(), at.Caret()
		}
		return nil, p
	}
	if !a.Since.IsZero() {
		q.Since = a.Since.UnixNano()
	}
	if !a.Until.IsZero() {
		q.Until = a.Until.UnixNano()
	}
	return q, nil
}

func (s *Server) registerSearch(a *API) {
	op := func(path, summary string) Operation {
		return Operation{Method: http.MethodGet, Path: path, Permission: identity.SearchRead, Summary: summary, Tag: "search"}
	}
	Stream(a, op("/search", "Finds events, or counts them"), s.search)
	Stream(a, op("/tail", "Shows events as they come in"), s.tail)
	Handle(a, op("/search/fields", "Lists the fields of the events that a query means, or the values of one of them"), s.fields)
}

func (s *Server) search(ctx context.Context, t *Tenant, in *SearchRowsAsk, out *Lines) error {
	q, err := in.query()
	if err != nil {
		return err
	}
	if in.Limit > query.MaxRows {
		return bad("limit", "limit %d: at most %d", in.Limit, query.MaxRows)
	}
	if in.Limit > 0 && len(q.Pipes) == 0 {
		q.Pipes = []query.Pipe{&query.Tail{N: in.Limit}}
	}
	var notes []string
	rows := 0
	if in.Progress {
		told := time.Now()
		ctx = store.Telling(ctx, func(share float64) {
			if now := time.Now(); now.Sub(told) >= tellEvery {
				told = now
				if out.object(map[string]SearchProgress{"progress": {share, rows}}) == nil {
					_ = out.flush() // who is gone is known by the context
				}
			}
		})
	}
	err = t.Store.Query(ctx, q, func(b *store.Block) error {
		rows += b.Rows
		notes = append(notes, b.Notes...)
		for i := range b.Rows {
			if err := out.row(b.Names, func(c int) string { return b.Columns[c][i] }); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(notes) > 0 {
		err = out.notes(notes)
	}
	return err
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

func (s *Server) tail(ctx context.Context, t *Tenant, in *SearchAsk, out *Lines) error {
	q, err := in.query()
	if err != nil {
		return err
	}
	if t.Line == nil {
		return &Problem{Status: http.StatusServiceUnavailable, Title: ErrNotRunning.Error()}
	}
	if len(q.Pipes) > 0 {
		return bad("q", "what comes in is shown as it comes: no | is possible in tail")
	}
	if err := out.flush(); err != nil { // so that the other end knows that it watches
		return nil
	}
	out.wrote = true
	return t.Line.Tail(ctx, q, func(e *live.Seen, lost int64) bool { return out.seen(e, lost) == nil })
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

// FieldsAsk asks what fields events have, or what values are in one.
type FieldsAsk struct {
	SearchAsk
	Field string `query:"field" maxLength:"1000" doc:"The values of this one."`
}

// ValueCount is how often a value is there.
type ValueCount struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// maxValues bounds the values of a field that are listed.
const maxValues = 1000

func (s *Server) fields(ctx context.Context, t *Tenant, in *FieldsAsk) (*Page[ValueCount], error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	var list []store.Count
	if in.Field == "" {
		list, err = t.Store.Fields(ctx, q)
	} else {
		list, err = t.Store.Values(ctx, q, in.Field, maxValues)
	}
	out := &Page[ValueCount]{Items: make([]ValueCount, len(list))}
	for i, c := range list {
		out.Items[i] = ValueCount{c.Value, c.Count}
	}
	return out, err
}
